"""How nodes tell each other of themselves, in the mission file."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from orbitalcloud.mission.parts import Part


class Notices(Part, frozen=True, kw_only=True):
    """Signed capacity and contact notices between neighbours; `enabled = false`: nobody says anything."""

    enabled: bool = True
    every_min: Annotated[float, Meta(ge=1, le=480)] = 360
    contact_bytes: Annotated[int, Meta(ge=1024, le=1_048_576)] = 4096
    price_gwei_per_kj: Annotated[int, Meta(ge=0, le=2**53)] = 0
