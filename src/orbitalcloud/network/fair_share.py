"""Max-min fair rates of flows that share links: progressive filling.

All rates grow together; a flow stops where one of its links is full or its demand is met, the others go on (D.
Bertsekas, R. Gallager, "Data Networks", 2nd ed. 1992, §6.5.2). What comes out is the only allocation in which no flow
can have more without taking from one that has no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.kernels import njit

Floats = NDArray[np.float64]


@njit(cache=True)
def _fill(starts, links, capacity, demand, rate, why):  # type: ignore[no-untyped-def]
    """Progressive filling; `why` gets the link that stopped each flow, −1 where its demand did."""
    flows = demand.shape[0]
    left, active = capacity.copy(), np.zeros(capacity.shape[0], np.int64)
    open_ = np.ones(flows, np.bool_)
    for f in range(flows):
        for n in range(starts[f], starts[f + 1]):
            active[links[n]] += 1
    going = flows
    while going > 0:
        step = np.inf
        for link in range(left.shape[0]):
            if active[link] > 0:
                step = min(step, max(left[link], 0.0) / active[link])
        for f in range(flows):
            if open_[f]:
                step = min(step, demand[f] - rate[f])
        full = 1e-12
        for f in range(flows):
            if open_[f]:
                rate[f] += step
        for link in range(left.shape[0]):
            left[link] -= step * active[link]
        for f in range(flows):
            if not open_[f]:
                continue
            stopped = demand[f] < np.inf and demand[f] - rate[f] <= full * demand[f]
            by = -1
            for n in range(starts[f], starts[f + 1]):
                if left[links[n]] <= full * capacity[links[n]]:
                    stopped, by = True, links[n]
                    break
            if stopped:
                open_[f], why[f] = False, by
                going -= 1
                for n in range(starts[f], starts[f + 1]):
                    active[links[n]] -= 1


def max_min_fair(
    starts: NDArray[np.int64], links: NDArray[np.int64], capacity: Floats, demand: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """(rates, bottlenecks) of flows, (n_flows,) each, in the capacities' unit.

    Flow k uses each of `links[starts[k] : starts[k + 1]]` once and wants `demand[k]`, which is infinite where it takes
    all it can get. Its bottleneck is the link that stopped it, −1 where its demand did. `DataError` for a capacity or
    demand that is no number or negative, and for a flow that nothing would ever stop.
    """
    for name, values, most in (("capacity", capacity, np.inf), ("demand", demand, np.inf)):
        wrong = ~((values >= 0.0) & (values <= most))
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DataError(f"max-min fair share: {name} {at}", float(values[at]), "give a number, zero or above")
    bare = np.isinf(demand) & (np.diff(starts) == 0)
    if bare.any():
        at = int(np.argmax(bare))
        raise DataError(f"max-min fair share: flow {at}", "no link, no end", "give it a demand, or a link that bounds")
    for flow in range(len(demand)):
        mine = links[starts[flow] : starts[flow + 1]]
        if np.isinf(demand[flow]) and np.isinf(capacity[mine]).all():
            raise DataError(f"max-min fair share: flow {flow}", "unbounded", "give it a demand, or a link that bounds")
    rate, why = np.zeros(len(demand)), np.full(len(demand), -1, dtype=np.int64)
    _fill(starts, links, capacity, demand, rate, why)
    return rate, why
