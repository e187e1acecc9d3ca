"""What is wrong with a mission file, collected, so that a person sees it all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from orbitalcloud.core import MissionError
from orbitalcloud.mission.lines import Path, line_at

MOST = 20
"""Problems shown at most; the rest are usually their children."""


class Problems:
    """A list of (path, value, remedy) with the lines they stand on."""

    def __init__(self, file: str, lines: dict[Path, int]) -> None:
        self.file, self.lines = file, lines
        self.found: list[tuple[Path, object, str]] = []

    def add(self, path: Path, value: object, remedy: str) -> None:
        """Remember that `value` at `path` is wrong; the first word on a path stays the only one."""
        if all(path != known for known, _, _ in self.found):
            self.found.append((path, value, remedy))

    def error(self, path: Path, value: object, remedy: str) -> MissionError:
        """One problem as an error: the line is that of the key, or of the table around it."""
        return MissionError(self.file, line_at(self.lines, path), key_text(path), value, remedy)

    def raise_any(self) -> None:
        """Raise the problems in the file's order, the first as the error and the others in its text; or return."""
        if not self.found:
            return
        ordered = sorted(self.found, key=lambda one: line_at(self.lines, one[0]))[:MOST]
        path, value, remedy = ordered[0]
        rest = "".join(f"\n{self.error(*one)}" for one in ordered[1:])
        raise self.error(path, value, remedy + rest)


def key_text(path: Path) -> str:
    """`satellite.orbit.altitude_km`: the line says which satellite."""
    return ".".join(part for part in path if isinstance(part, str))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?`, or the list of what there is."""
    words = list(known)
    near = difflib.get_close_matches(word, words, 1, 0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    shown = ", ".join(words[:24]) + (", …" if len(words) > 24 else "")
    return f"choose one of: {shown}" if words else "there is none to choose from"
