"""Load profiles: what the payload and the transmitter of a craft draw, half a minute at a time, in a sheet's cases.

Work is not a mean: an accelerator that is on 8 % of the time is on for eight minutes in each orbit, and warms the
payload by more than its mean does. So the jobs' runs are laid out one by one: as they are submitted, and, for a bound,
all of each revolution's together at four phases of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import SECOND, Instant
from orbitalcloud.mission import Craft
from orbitalcloud.study.demand import busy_share, gathered
from orbitalcloud.study.trial import Trial, steps

Floats = NDArray[np.float64]
PHASES = (0.0, 0.25, 0.5, 0.75)
FEW_PHASES = (0.0, 0.5)
"""For fleets of many planes, whose satellites meet the Sun at all phases anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """A craft's work over [starts, ends): runs by release and length, the transmitter (n_steps,), its revolution."""

    craft: Craft
    starts: Instant
    ends: Instant
    period_s: float
    instants: NDArray[np.int64]
    seconds: Floats
    radio_w: Floats

    def with_craft(self, craft: Craft) -> Load:
        """The same work on another design."""
        return replace(self, craft=craft)

    def lighter(self, share: float) -> Load:
        """Every run shorter by this share."""
        return replace(self, seconds=self.seconds * (1.0 - share))

    def on(self, craft: Craft, starts: Instant, ends: Instant) -> Load:
        """The same work and passes again and again over another span."""
        span = self.ends - self.starts
        times = range(int(-(-(ends - starts) // span)))
        instants = np.concatenate([self.instants - self.starts + starts + k * span for k in times])
        seconds = np.tile(self.seconds, len(times))
        within = instants < ends
        radio = np.resize(self.radio_w, steps(starts, ends))
        return replace(
            self,
            craft=craft,
            starts=starts,
            ends=ends,
            instants=instants[within],
            seconds=seconds[within],
            radio_w=radio,
        )

    @property
    def duty(self) -> float:
        """The accelerator's share of the time; above 1 where more is asked than there is."""
        return float(self.seconds.sum()) / ((self.ends - self.starts) / SECOND)


def _payload(load: Load, busy: Floats) -> Floats:
    item = load.craft.accelerator
    return np.asarray(item.idle_w + busy * (item.active_w - item.idle_w))


def cold(load: Load) -> Trial:
    """Nothing runs and nothing is sent."""
    count = steps(load.starts, load.ends)
    return Trial(load.craft, _payload(load, np.zeros(count)), np.zeros(count))


def idle(load: Load) -> Trial:
    """No job; the transmitter on in every pass."""
    return Trial(load.craft, _payload(load, np.zeros(steps(load.starts, load.ends))), load.radio_w)


def nonstop(load: Load) -> Trial:
    """An accelerator that never stops."""
    return Trial(load.craft, _payload(load, np.ones(steps(load.starts, load.ends))), load.radio_w)


def at_work(load: Load, phases: Sequence[float] = PHASES) -> Iterator[Trial]:
    """The jobs: as submitted; the same in whole steps; and, if there are any, every revolution's together at each of
    `phases` of it. What a flight does lies between. The first trial's mean load is that of the jobs."""
    count = steps(load.starts, load.ends)
    orders = [load.instants]
    if len(load.instants):
        orders += [gathered(load.instants, load.starts, load.period_s, phase) for phase in phases]
        busy = busy_share(load.instants, load.seconds, load.starts, count)
        yield Trial(load.craft, _payload(load, busy), load.radio_w)
    for instants in orders:
        busy = busy_share(instants, load.seconds, load.starts, count, whole=True)
        yield Trial(load.craft, _payload(load, busy), load.radio_w)
