"""How satellites plan their own work: the mission's `[planning]`, and a satellite's own `planner`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from orbitalcloud.mission.parts import Part
from orbitalcloud.planning import Flying

Planner = Annotated[Flying, Meta(description="how a satellite orders its jobs")]


class Planning(Part, frozen=True, kw_only=True):
    """Which planner flies, on satellites that name none: by nearest deadline, by most value for the accelerator's time,
    by deadline but where the battery is discharged least, or whichever of the three places the most value."""

    planner: Planner = "earliest-deadline"
