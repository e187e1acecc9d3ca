"""`orbital net routes`: what it takes and says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orbitalcloud.cli.options import Json, Verbose


def routes(
    places: Annotated[list[str], typer.Argument(metavar="[MISSION] FROM TO", help="a mission and two of its nodes")],
    plan: Annotated[Path | None, typer.Option(help="instead of a mission, a contact-plan file of ION or HDTN")] = None,
    at: Annotated[
        str, typer.Option(help="when it begins: 2026-03-20T12:00:00Z, or after the start: 90s, 15m, 12h")
    ] = "0s",
    size: Annotated[int, typer.Option(min=0, max=1 << 29, help="bytes to be carried")] = 1000,
    alternatives: Annotated[int, typer.Option(min=1, max=1000, help="how many routes at most, the best first")] = 3,
    hops: Annotated[int, typer.Option(min=1, max=255, help="over so many contacts at most")] = 255,
    now: Annotated[bool, typer.Option("--now", help="only a path that is open end to end, without a wait")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Find the routes between two nodes by the contact plan: hops, times, volume, and why this one. Exit 1 without one.

    Times of a plan file that are relative (+SECONDS) count from 2000-01-01T00:00:00Z; there --at counts from the first
    contact.
    """
    from orbitalcloud.cli import routing

    return routing.routes(places, plan, routing.Question(at, size, alternatives, hops, now), json)
