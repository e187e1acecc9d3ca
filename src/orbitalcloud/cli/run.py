"""From the shell to a verb and back: errors become one message and an exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `orbital`."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    import typer

    from orbitalcloud.cli.verbs import app
    from orbitalcloud.core.errors import OrbitalError

    verbose = bool({"-v", "--verbose"} & set(arguments))
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except OrbitalError as error:
        return _fail(str(error), error.exit_code, "--json" in arguments, verbose)
    except typer.Exit as error:
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130, False, verbose)
    except BrokenPipeError:  # the reader of our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'file'}: {error.strerror or error}", 2, "--json" in arguments, verbose)
    except Exception as error:
        # typer carries its own copy of click, whose usage errors it does not export
        if not any(kind.__name__ == "ClickException" for kind in type(error).__mro__):
            raise
        error.show()  # type: ignore[attr-defined]
        return 2
    return code if isinstance(code, int) else 0


def _fail(text: str, code: int, as_json: bool, verbose: bool) -> int:
    if verbose and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    if as_json:
        print(json.dumps({"error": text, "exit": code}), file=sys.stderr)
    else:
        print(f"orbital: {text}", file=sys.stderr)
    return code
