"""A mission without its faults: what a flight with them is compared with."""

from __future__ import annotations

import dataclasses
import re

from orbitalcloud.mission.decode import load, loads
from orbitalcloud.mission.resolved import Loaded

_TABLE = re.compile(r"^\s*\[")
_FAULT = re.compile(r"^\s*\[\[\s*fault\s*\]\]")


def without_faults(text: str) -> str:
    """The mission file's text with every `[[fault]]` taken out: from its header to the next table's."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        if _TABLE.match(line):
            inside = _FAULT.match(line) is not None
        if not inside:
            kept.append(line)
    return "".join(kept)


def load_in_peace(name: str, saved_as: str) -> Loaded:
    """The mission of this name or path without its faults. It is said to lie at `saved_as`, where the flight saves it,
    unless it names other files beside it."""
    whole = load(name)
    calm = loads(without_faults(whole.text).encode(), whole.path, whole.folder)
    return calm if calm.files else dataclasses.replace(calm, path=saved_as)
