"""A `Why`: the reason for a yes or a no, as data, so that a person, a report and a test read the same one."""

from __future__ import annotations

import msgspec


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rule that decided, its value and its limit (integers in `unit`), and a sentence for people.

    `rule` is a stable short name: `reserve`, `heat`, `deadline`, `storage`, `contact`, `artefact`, `queue`, …
    """

    ok: bool
    rule: str
    text: str
    value: int = 0
    limit: int = 0
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"
