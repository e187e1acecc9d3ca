"""Where a verb's words go: data to stdout, talk to stderr, files whole or not at all."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbitalcloud.core.errors import DataError

if TYPE_CHECKING:
    from rich.console import Console

UNBOUNDED = 10_000
"""Columns of a console that nobody looks at: a line of a table stays a line, for `grep` and `cut`."""


def say(text: str = "") -> None:
    """Talk: to stderr."""
    print(text, file=sys.stderr)


def data(value: Any) -> None:
    """Data as JSON: to stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def line(value: Any) -> None:
    """The same in one line, of a stream of them."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)


def console(width: int | None = None) -> Console:
    """A console on stdout as wide as the terminal; where there is none, of `width` or without bound."""
    from rich.console import Console

    class Plain(Console):
        """rich ends the process when nobody reads any more; `run` knows better what that means."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    if sys.stdout.isatty():
        return Plain(highlight=False)
    return Plain(highlight=False, width=width or UNBOUNDED, no_color=True, force_terminal=False)


@contextmanager
def tidy(shown: Console) -> Iterator[None]:
    """Where nobody looks, lines end where their text ends: rich fills its tables up with blanks."""
    if shown.is_terminal:
        yield
        return
    with shown.capture() as captured:
        yield
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def terminal() -> bool:
    """Whether a person watches the talk: progress bars are for them only."""
    return sys.stderr.isatty()


def printable(text: str) -> str:
    """Text from outside without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def choose(what: str, word: str, known: Iterable[str]) -> DataError:
    """The error for a word that is none of those known: the nearest, and all there are."""
    words = list(known)
    near = difflib.get_close_matches(word, words, 1, 0.6)
    listed = ", ".join(words[:40]) + (", …" if len(words) > 40 else "")
    guess = f'did you mean "{near[0]}"? ' if near else ""
    return DataError(what, word, f"{guess}say one of: {listed}" if words else "there is none")


def write_file(place: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `place`, then put it there: whole, or not at all."""
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        if place.exists() and not place.is_file():  # a device or a pipe
            write(place)
            return
        write(beside)
        beside.replace(place)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)  # pyarrow's own words are long
        raise DataError(str(place), reason, "name a file that can be written, where there is room") from None
    finally:
        beside.unlink(missing_ok=True)
