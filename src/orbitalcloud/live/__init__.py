"""The live driver: the same nodes against the real clock.

Two things run here. `serve(loaded, folder, seed, speed)` lets a mission happen in real time, or faster by a factor,
in one process on asyncio; jobs run in `twin.cells`. An event is handled as at the instant at which it was due; how
late it really was is measured and reported, and stays out of the Log, so that a live flight and a simulated one have
the same digest.

`node_process.run_node` runs one network node for real: its memory in a journal (`journal` over `disk`), its key and
socket in a folder (`node_folder`), its neighbours over wires (`hub` is the seam), people's commands by `control` and
`node_client`. `host` is where they meet. `web_proxy` and `web_gateway` are programs beside a node that carry web pages.

`emulator` puts a mission's links under real programs: `namespaces` with TUN devices, found again by `emulations`,
entered by `entering`. Imports twin and below; what runs a network node imports no twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbitalcloud.live.clock import Clock, RealClock
    from orbitalcloud.live.driver import Served, check_speed, serve

__all__ = ["Clock", "RealClock", "Served", "check_speed", "serve"]

_PLACES = {"Clock": "clock", "RealClock": "clock", "Served": "driver", "check_speed": "driver", "serve": "driver"}


def __getattr__(name: str) -> object:
    """Load what is asked for: a network node needs no twin, which takes a second."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"orbitalcloud.live.{_PLACES[name]}"), name)
