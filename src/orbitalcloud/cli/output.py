"""Where a verb's words go: data to stdout, talk to stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def say(text: str = "") -> None:
    """Talk: to stderr."""
    print(text, file=sys.stderr)


def data(value: Any) -> None:
    """Data as JSON: to stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def console() -> Console:
    """A console on stdout, as wide as the terminal, or wide enough for a table where there is none."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=160, no_color=True)


def terminal() -> bool:
    """Whether a person watches the talk: progress bars are for them only."""
    return sys.stderr.isatty()
