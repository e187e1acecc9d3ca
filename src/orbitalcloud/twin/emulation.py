"""What a mission's links are like for packets that real programs send: the World's contacts on a running clock.

The emulation's clock counts real nanoseconds from the mission's instant at which it begins. With a `speed` above one
the satellites move faster, so that passes and handovers come sooner; a packet's delay and a link's rate stay those of
the moment, in real time.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orbitalcloud import physics
from orbitalcloud.core import SECOND, Contact, DataError, Instant, Seed
from orbitalcloud.core.time import HOUR, MINUTE
from orbitalcloud.mission import Loaded, faults
from orbitalcloud.mission.resolved import Channel
from orbitalcloud.physics.frames import itrs_of_geodetic
from orbitalcloud.twin.contacts import Opening, find_contacts
from orbitalcloud.twin.medium import Loss, Medium
from orbitalcloud.twin.packets import PacketLimits, PacketNetwork, Pair
from orbitalcloud.twin.world import SPEED_OF_LIGHT_M_S, World

MAX_NODES = 250
"""That can have a namespace of their own: each takes two of the 1,024 files that select(2) can watch."""
ALL_NODES = 64
"""Up to so many nodes of a mission, all have one unless people choose."""
SPEEDS = (0.01, 1000.0)


@dataclass(frozen=True, slots=True)
class Pace:
    """The emulation's clock: at `begins` (of the mission and of the clock alike) it starts, `speed` times slower."""

    begins: Instant
    speed: float = 1.0

    def mission(self, at: Instant) -> Instant:
        """The mission's instant at one of the clock's."""
        return at if self.speed == 1.0 else Instant(self.begins + round((at - self.begins) * self.speed))

    def clock(self, at: Instant) -> Instant:
        """The clock's instant at one of the mission's."""
        return at if self.speed == 1.0 else Instant(self.begins + round((at - self.begins) / self.speed))

    def opening(self, opening: Opening) -> Opening:
        """A contact as it passes on the clock: its rates are bits per real second."""
        if self.speed == 1.0:
            return opening
        contact = opening.contact
        opens, closes = self.clock(contact.opens), self.clock(contact.closes)
        steps = tuple((self.clock(at), rate) for at, rate in contact.steps)
        return Opening(replace(contact, opens=opens, closes=closes, steps=steps), self.clock(opening.until))


def chosen_nodes(loaded: Loaded, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The nodes that get a namespace: those that people name, or all of a small mission, or else its stations.

    Stations first; `DataError` names one that the mission has not, or says that there are too many.
    """
    stations, satellites = [one.name for one in loaded.stations], [one.name for one in loaded.satellites]
    known = [*stations, *satellites]
    for name in wanted:
        if name not in known:
            shown = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
            raise DataError("--nodes", name, f"this mission has {shown}")
    found = tuple(dict.fromkeys(wanted)) or tuple(known if len(known) <= ALL_NODES else stations)
    if not 2 <= len(found) <= MAX_NODES:
        raise DataError("--nodes", f"{len(found)} nodes", f"choose 2 to {MAX_NODES}, such as --nodes {known[0]},…")
    return found


def packet_network(
    loaded: Loaded,
    pace: Pace,
    until: Instant,
    space_only: bool = False,
    limits: PacketLimits | None = None,
    watch: Callable[[Instant, Contact, bool], object] | None = None,
    silent: Container[str] = (),
) -> PacketNetwork:
    """The mission's links from `pace.begins` to `until` (of the mission), all nodes of it as possible ways.

    `silent` nodes pass nothing on; `space_only` leaves the fibre between stations out. Weather, losses and faults are
    the mission's, drawn from its seed.
    """
    world = World(replace(loaded, ends=min(loaded.ends, until)))
    found = find_contacts(loaded, world.orbits, list(world.sites.values()), world.seed, until).openings
    fibres = [] if space_only else [_fibre(world, one, pace.begins, until) for one in loaded.channels if one.always]
    current = [one for one in (*fibres, *found) if one.until > pace.begins and one.contact.opens < until]
    medium = Medium(Seed.of(world.seed).child("links"), world.base_loss_ppm, losses_of(loaded, pace))
    return PacketNetwork(
        medium,
        sorted((pace.opening(one) for one in current), key=lambda one: one.contact.opens),
        lambda sender, receiver, at: world.light_time_ns(sender, receiver, pace.mission(at)),
        _Delays(world, pace),
        limits,
        watch,
        silent,
    )


def losses_of(loaded: Loaded, pace: Pace) -> list[Loss]:
    """The mission's faults that eat frames, on the clock."""
    made = []
    for fault in loaded.mission.fault:
        if isinstance(fault, faults.FrameLoss | faults.StationOutage):
            begins = Instant(loaded.starts + round(fault.at_h * HOUR))
            ends = Instant(begins + round(fault.duration_min * MINUTE))
            ppm = fault.loss_ppm if isinstance(fault, faults.FrameLoss) else 1_000_000
            made.append(Loss(fault.target, pace.clock(begins), pace.clock(ends), ppm))
    return made


def _fibre(world: World, channel: Channel, begins: Instant, until: Instant) -> Opening:
    light_ns = world.light_time_ns(channel.sender, channel.receiver, begins)
    contact = Contact(
        channel.sender, channel.receiver, begins, Instant(until + SECOND), channel.rate_bps, channel.band, light_ns
    )
    return Opening(contact, contact.closes)


class _Delays:
    """Light times of many links at once: one call of the orbit model, which is what it costs."""

    def __init__(self, world: World, pace: Pace) -> None:
        self._world, self._pace = world, pace
        self._row = {name: row for row, name in enumerate((*world.names, *world.sites))}
        sites = [itrs_of_geodetic(one.latitude_rad, one.longitude_rad, one.height_m) for one in world.sites.values()]
        self._sites: NDArray[np.float64] = np.array(sites).reshape(-1, 3)
        self._pairs: Sequence[Pair] = ()
        self._rows = np.empty((0, 2), dtype=np.int64)

    def __call__(self, pairs: Sequence[Pair], at: Instant) -> Sequence[int]:
        if not pairs:
            return ()
        moving = physics.position_itrs_m(self._world.orbits, np.array([self._pace.mission(at)]))[:, 0]
        places = np.concatenate([moving, self._sites])
        if pairs is not self._pairs:  # they stay the same for seconds
            self._pairs, self._rows = pairs, np.array([(self._row[one], self._row[other]) for one, other in pairs])
        rows = self._rows
        away_m = np.linalg.norm(places[rows[:, 0]] - places[rows[:, 1]], axis=1)
        slow = (rows >= len(self._world.names)).all(axis=1)  # fibre, as `World.light_time_ns` has it
        lights: list[int] = np.rint(away_m * np.where(slow, 1.5, 1.0) / SPEED_OF_LIGHT_M_S * 1e9).astype(int).tolist()
        return lights
