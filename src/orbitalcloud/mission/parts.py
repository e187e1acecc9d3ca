"""What all tables of a mission file are made from."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$", description="lower-case letters, digits and hyphens, at most 48")
]
Hours = Annotated[float, Meta(ge=0, le=8784, description="hours after the mission's epoch")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Hash = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{64}$")]
Account = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{40}$", description="an address, 0x…")]
Share = Annotated[float, Meta(ge=0, le=1, description="a share, 0 to 1")]
Positive = Annotated[float, Meta(gt=0, le=1e12)]
NotNegative = Annotated[float, Meta(ge=0, le=1e12)]
Celsius = Annotated[float, Meta(ge=-200, le=300)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a mission file; unknown keys are errors."""
