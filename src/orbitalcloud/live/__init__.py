"""The live driver: the same nodes, the same carrier, against the real clock.

`serve(loaded, folder, seed, speed)` lets a mission happen in real time, or faster by a factor, in one process on
asyncio; jobs run in processes of their own (`twin.cells`). An event is handled as at the instant at which it was due; how late it really
was is measured and reported, and stays out of the Log, so that a live flight and a simulated one have the same digest.
Imports twin and below. There are no sockets and no HTTP API yet.
"""

from orbitalcloud.live.clock import Clock, RealClock
from orbitalcloud.live.driver import Served, check_speed, serve

__all__ = ["Clock", "RealClock", "Served", "check_speed", "serve"]
