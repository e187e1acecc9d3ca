"""What every entry of the Log has."""

from __future__ import annotations

import re

import msgspec


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Base(msgspec.Struct, frozen=True, tag_field="kind", tag=_kebab, forbid_unknown_fields=True):
    """What every entry has."""

    at: int
    node: str
