"""Trials: satellites flown side by side through the flight's own physics, each under a load profile of its own.

A `Trial` is a craft with what its payload and its transmitter draw, half a minute at a time. `fly` integrates many of
them over a span by `EnergyHeat`, the code that flies the mission, and keeps what a sheet asks for: extremes and means.
The same craft under two loads, or with a larger radiator, are two trials: a difference between them is the model's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, SECOND, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.physical import energy_heat, light_of, loads_w, node_index, orbits_of
from orbitalcloud.physics import EnergyHeat

Floats = NDArray[np.float64]

STEP_NS = 30 * SECOND
"""How long loads are constant, and how often trials are looked at."""

ROWS_AT_ONCE, FEWEST_ROWS, MOST_CORES = 400, 12, 4
"""Trials in one block: a day of light of so many is 70 MB, and fewer are not worth a thread of their own. Trials do
not touch each other, so what they see does not hang on how many cores there are."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A craft and its loads above the platform's: watts at the payload, watts of the transmitter, (n_steps,) each.

    The transmitter's power becomes heat in the body, as the flight counts it; it is on for both ends of a bound.
    """

    craft: Craft
    payload_w: Floats
    radio_w: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one trial saw. Charges are shares of the capacity; temperatures (n_nodes,) in kelvin; powers are means.

    `mean_t4_k4` is the mean of T⁴, by which a node radiates; `unserved` the share of the energy asked for over the
    measured span that the bus could not give.
    """

    lowest: float
    coldest_k: Floats
    hottest_k: Floats
    mean_k: Floats
    mean_t4_k4: Floats
    array_w: float
    load_w: float
    unserved: float
    sunlit: float


def steps(starts: Instant, ends: Instant) -> int:
    """Steps that cover [starts, ends)."""
    return int(-(-(ends - starts) // STEP_NS))


def fly(loaded: Loaded, trials: Sequence[Trial], starts: Instant, ends: Instant, lead_ns: int = 0) -> list[Seen]:
    """Fly every trial over [starts, ends]; measure from `lead_ns` after the start, when it has settled in.

    Every trial begins at its bus's initial charge and temperatures. `DataError` where an orbit cannot be flown.
    """
    if not trials:
        return []
    cores = min(MOST_CORES, os.cpu_count() or 1)
    rows = min(ROWS_AT_ONCE, max(FEWEST_ROWS, -(-len(trials) // cores)))
    blocks = [trials[first : first + rows] for first in range(0, len(trials), rows)]
    if len(blocks) == 1:
        return _fly_block(loaded, trials, starts, ends, lead_ns)
    with ThreadPoolExecutor(cores) as pool:  # the integrator lets other threads run beside it
        flown = pool.map(lambda block: _fly_block(loaded, block, starts, ends, lead_ns), blocks)
        return [seen for block in flown for seen in block]


def _missing_j(state: EnergyHeat) -> Floats:
    """Joules asked for and not given so far: the bus was down, or had switched the load off."""
    return np.asarray(state.unserved_j + state.shed_j)


class _Tally:
    """Running extremes and sums over the measured span, (n_trials,) or (n_trials, n_nodes) each."""

    def __init__(self, charge: Floats, heat: Floats) -> None:
        self.lowest = charge.copy()
        self.coldest, self.hottest = heat.copy(), heat.copy()
        self.total, self.total4 = np.zeros_like(heat), np.zeros_like(heat)
        self.count = 0

    def look(self, charge: Floats, heat: Floats) -> None:
        np.minimum(self.lowest, charge, out=self.lowest)
        np.minimum(self.coldest, heat, out=self.coldest)
        np.maximum(self.hottest, heat, out=self.hottest)
        self.total += heat
        self.total4 += heat**4
        self.count += 1


def _fly_block(loaded: Loaded, trials: Sequence[Trial], starts: Instant, ends: Instant, lead_ns: int) -> list[Seen]:
    crafts = tuple(trial.craft for trial in trials)
    fleet = replace(loaded, satellites=crafts, starts=starts, ends=ends)
    orbits = orbits_of(fleet)
    rows = np.arange(len(trials))
    payload = np.array([node_index(craft, "payload") for craft in crafts])
    body = np.array([node_index(craft, "body") for craft in crafts])
    payload_w = np.stack([trial.payload_w for trial in trials])
    radio_w = np.stack([trial.radio_w for trial in trials])
    now, measured = starts, Instant(starts + lead_ns)
    until = Instant(min(ends, now + DAY))
    light = light_of(loaded, orbits, now, until)
    state = energy_heat(fleet, light)
    base = loads_w(fleet, 0.0, state.n_nodes)
    tally = _Tally(state.state_of_charge, state.temperature_k)
    before = (state.generated_j.copy(), _missing_j(state))
    lit, count = np.zeros(len(trials)), 0
    while True:
        if now >= measured:
            lit += light.illumination.sum(axis=1, dtype=np.float64)
            count += light.illumination.shape[1]
        while now < until:
            step = int((now - starts) // STEP_NS)
            now = Instant(min(until, now + STEP_NS))
            loads = base.copy()
            loads[rows, payload] += payload_w[:, step]
            loads[rows, body] += radio_w[:, step]
            state.advance_all(now, loads)
            if now > measured:
                tally.look(state.state_of_charge, state.temperature_k)
            elif now == measured:
                tally = _Tally(state.state_of_charge, state.temperature_k)
                before = (state.generated_j.copy(), _missing_j(state))
        if now >= ends:
            break
        until = Instant(min(ends, now + DAY))
        light = light_of(loaded, orbits, now, until)
        state.use(light)
    seconds = (ends - measured) / SECOND
    skip = int((measured - starts) // STEP_NS)
    asked = base.sum(axis=1) + payload_w[:, skip:].mean(axis=1) + radio_w[:, skip:].mean(axis=1)
    generated, unserved = (state.generated_j - before[0]) / seconds, _missing_j(state) - before[1]
    return [
        Seen(
            lowest=float(tally.lowest[i]),
            coldest_k=tally.coldest[i],
            hottest_k=tally.hottest[i],
            mean_k=tally.total[i] / max(1, tally.count),
            mean_t4_k4=tally.total4[i] / max(1, tally.count),
            array_w=float(generated[i]),
            load_w=float(asked[i]),
            unserved=float(unserved[i] / (asked[i] * seconds)) if asked[i] > 0.0 else 0.0,
            sunlit=float(lit[i] / max(1, count)),
        )
        for i in range(len(trials))
    ]
