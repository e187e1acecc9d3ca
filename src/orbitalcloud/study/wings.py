"""What a satellite's wings lose to its own shadow over a year, and on which axis of the body they would lose less.

A wing that always faces the Sun still stands behind the body, or behind the other wing, when the Sun lies along the
line of both: along the orbit's normal (the body's y) on a dawn-dusk orbit. The satellite flies a revolution every
fifteen days of the year under a load that takes all there is, with its wings as they are, on each axis, and turned as
a whole to the Sun; beside it flies the same with its wings so far apart that none is shadowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, SECOND, Instant
from orbitalcloud.mission import Craft
from orbitalcloud.mission.physical import satellite_design
from orbitalcloud.mission.resolve import wing_root_m
from orbitalcloud.physics import Design, EnergyHeat, Orbits, SatelliteDesign, Shedding, geometry, secular_rates
from orbitalcloud.physics.self_shadow import casts_shadow

EVERY_DAYS = 15
DAYS = 360
STEP_S = 60.0
TURNED = (0.0, 0.0, -1.0)
"""The axis that the advice holds to the Sun: the zenith's, across wings on x or y."""

WORTH_SAYING = 0.05
"""Loss that is said above the page where another axis saves as much."""

_ALL_W = 1e5  # asked for, so that all that the array offers is taken


@dataclass(frozen=True, slots=True)
class Wings:
    """Shares of the year's array energy lost to the satellite's own shadow: as designed, with the wings on an axis
    (`"x"`, `"y"`, `"z"`), and as designed but with `sun_axis = [0, 0, -1]`."""

    lost: float
    on: dict[str, float]
    turned: float

    @property
    def best(self) -> str:
        """The axis that loses least; z, whose wing hangs before what looks at the Earth, only where it saves much."""
        least = min(self.on, key=lambda axis: self.on[axis])
        others = min("xy", key=lambda axis: self.on[axis])
        return others if self.on[others] < self.on[least] + WORTH_SAYING else least

    @property
    def advice(self) -> str:
        """A sentence, or nothing where another axis saves less than `WORTH_SAYING`."""
        if self.lost - self.on[self.best] < WORTH_SAYING:
            return ""
        turned = (
            f"; sun_axis = [0, 0, -1] {100.0 * self.turned:.0f} %" if self.turned < self.lost - WORTH_SAYING else ""
        )
        return (
            f"panels shade each other or stand behind the body: {100.0 * self.lost:.0f} % of the array's year lost; "
            f'array wings = "{self.best}" would lose {100.0 * self.on[self.best]:.0f} %{turned}'
        )


def wings_of(craft: Craft, orbit: Design, starts: Instant) -> Wings | None:
    """Fly the year's samples from `starts`; None where no panel has a place, so that nothing is shadowed."""
    if not casts_shadow(satellite_design(craft).array) or craft.bus.body_m is None:
        return None
    axes = ("x", "y", "z")
    crafts = [craft, *(_with(craft, axis) for axis in axes), replace(craft, sun_axis=TURNED)]
    bare = [_with(craft, "apart"), replace(_with(craft, "apart"), sun_axis=TURNED)]
    taken = _taken_j([_greedy(one) for one in (*crafts, *bare)], orbit, starts)
    lost = [max(0.0, 1.0 - float(joules / taken[5])) for joules in taken[:4]]
    return Wings(lost[0], dict(zip(axes, lost[1:], strict=True)), max(0.0, 1.0 - float(taken[4] / taken[6])))


def _with(craft: Craft, wings: str) -> Craft:
    """The craft with its panels on an axis, or apart."""
    body = list(craft.bus.body_m) if craft.bus.body_m is not None else None
    panels = []
    for number, panel in enumerate(craft.bus.array.panels):
        root = wing_root_m(wings, body, number)
        panels.append(msgspec.structs.replace(panel, root_m=None if root is None else tuple(root)))
    array = msgspec.structs.replace(craft.bus.array, panels=tuple(panels))
    return replace(craft, bus=msgspec.structs.replace(craft.bus, array=array))


def _greedy(craft: Craft) -> SatelliteDesign:
    """Its design with an empty battery, shedding and controlling nothing."""
    return replace(satellite_design(craft), initial_state_of_charge=0.0, shedding=Shedding(), controls=())


def _taken_j(designs: list[SatelliteDesign], orbit: Design, starts: Instant) -> NDArray[np.float64]:
    """What each design's array gave over the samples, (n_designs,)."""
    orbits = Orbits.of([orbit] * len(designs), [f"design {k}" for k in range(len(designs))])
    period_s = secular_rates(orbit.semi_major_axis_m, orbit.eccentricity, orbit.inclination_rad).nodal_period_s
    total = np.zeros(len(designs))
    for day in range(0, DAYS, EVERY_DAYS):
        begins = Instant(starts + day * DAY)
        ends = Instant(begins + round(period_s * SECOND))
        state = EnergyHeat(designs, geometry(orbits, begins, ends, STEP_S))
        loads = np.zeros((len(designs), state.n_nodes))
        loads[np.arange(len(designs)), [one.thermal.index(one.battery_node) for one in designs]] = _ALL_W
        state.advance_all(ends, loads)
        total += state.generated_j
    return total
