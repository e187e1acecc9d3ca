"""From the shell to a verb and back: errors become one message and an exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

FAULT = 70
"""EX_SOFTWARE of sysexits.h: neither a yes nor a no, nor anything that the person could mend."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `orbital`."""
    _fill_closed()
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    try:
        sys.stdout.flush()
    except OSError:
        _silence()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    as_json, verbose = "--json" in arguments, bool({"-v", "--verbose"} & set(arguments))
    try:
        return _invoke(arguments)
    except BrokenPipeError:  # the reader of our output had enough
        _silence()
        return 0
    except (KeyboardInterrupt, Exception) as error:
        if verbose and not _usage(error):
            import traceback

            traceback.print_exc()
        code, lines = _told(error, verbose)
        _show(code, lines, as_json)
        return code


def _invoke(arguments: list[str]) -> int:
    import typer

    from orbitalcloud.cli.verbs import app

    try:
        code = app(arguments, prog_name="orbital", standalone_mode=False)
    except typer.Exit as left:
        code = left.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as left:  # how typer's click answers a pipe that closed
        if isinstance(left.__context__, BrokenPipeError):
            raise left.__context__ from None
        raise
    if code == 130:  # how typer answers Ctrl-C, without a word; no verb gives this code itself
        raise KeyboardInterrupt
    sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _told(error: BaseException, verbose: bool) -> tuple[int, list[str]]:
    """An exit code and the lines to show, one a problem."""
    from orbitalcloud.core.errors import OrbitalError

    if isinstance(error, OrbitalError):
        return error.exit_code, str(error).splitlines()
    if isinstance(error, KeyboardInterrupt):
        return 130, ["interrupted"]
    if isinstance(error, OSError):
        return 2, [f"{error.filename or 'standard output'}: {error.strerror or error}"]
    if _usage(error):
        return 2, _usage_lines(error)
    hint = "" if verbose else "; -v shows where"
    return FAULT, [f"this is a fault of orbital itself, please report it: {type(error).__name__}: {error}{hint}"]


def _usage(error: BaseException) -> bool:
    """Whether typer complains: it carries its own copy of click, whose errors it does not export."""
    return any(kind.__name__ == "ClickException" for kind in type(error).__mro__)


def _usage_lines(error: BaseException) -> list[str]:
    message = str(error.format_message())  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if context is None or type(error).__name__ == "NoArgsIsHelpError":
        return message.splitlines()
    return [f"{message[:1].lower()}{message[1:].rstrip('.')}; see {context.command_path} --help"]


def _show(code: int, lines: list[str], as_json: bool) -> None:
    from orbitalcloud.cli.output import printable, say

    lines = [printable(line) for line in lines] or ["no reason given"]
    if as_json:
        say(json.dumps({"error": lines[0], "errors": lines, "exit": code}, ensure_ascii=False))
    elif lines[0].startswith("Usage:"):
        say("\n".join(lines))
    elif len(lines) == 1:
        say(f"orbital: {lines[0]}")
    else:
        say(f"orbital: {len(lines)} things are wrong")
        for line in lines:
            say(f"  {line}")


def _fill_closed() -> None:
    """Put something where the shell closed a standard stream (`>&-`), so that no file of ours comes to lie there.

    Writing to such an output fails, as to a full disk: a letter that went nowhere is not to be forgotten as read.
    """
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w")  # noqa: SIM115 - to the process's end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _silence() -> None:
    """Nobody reads stdout any more: what is still buffered goes nowhere, so that nothing fails at the process's end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - to the process's end
