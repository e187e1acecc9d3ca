"""What people send each other, in the mission file."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from orbitalcloud.mission.parts import Hours, Name, Part, Positive, Text


class Message(Part, frozen=True, kw_only=True):
    """Messages from the node `source` to the node `to`, one every `every_min` minutes from `start_h` to `end_h`.

    Larger `priority` is more urgent. What has not arrived after `lifetime_h` is dropped, and said to be.
    """

    name: Name
    source: Text
    to: Text
    every_min: Annotated[float, Meta(ge=0.1, le=527_040)]
    size_bytes: Annotated[int, Meta(ge=1, le=16_777_216)] = 2_000
    priority: Annotated[int, Meta(ge=0, le=23)] = 1
    lifetime_h: Positive = 12
    start_h: Hours = 0
    end_h: Hours | None = None
