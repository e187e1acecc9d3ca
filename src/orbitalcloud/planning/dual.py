"""An upper bound on every plan's value, and the prices that prove it.

A plan is a choice of starts x (0 or 1) under rows K x ≤ b, all with coefficients ≥ 0: a job runs once; a slot has one
job; a window of slots has no more worked ones than `counting` finds; between two instants, jobs take no more from the
battery than what it may lose in between plus what the idle satellite would have curtailed; jobs warm the node by no
more than its room; what must have come up by a pass, or must go down from one on, fits in those passes. Because at
most one job runs at a time, what a start takes from the battery in a segment is known exactly, losses and all.
Leaving rows out only raises the bound.

For any prices y ≥ 0, no plan is worth more than b·y + Σ over jobs of the best start's value less price, if above 0:
weak duality, whatever made y. The prices come from the primal-dual hybrid gradient method with averages, restarts and
diagonal steps (PDLP: D. Applegate et al., arXiv:2106.04756; steps: T. Pock & A. Chambolle, ICCV 2011,
doi 10.1109/ICCV.2011.6126441), which needs only products with K: here sums along slots, without a matrix. The value is
evaluated in doubles and raised by far more than their rounding (`ROUNDING`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.kernels import njit
from orbitalcloud.planning.counting import count_rows
from orbitalcloud.planning.kernels import stored
from orbitalcloud.planning.tables import NO_RISE_MK, Tables

ROUNDING = 1e-9
"""Share of all terms' sizes by which a bound is raised: sums of n ≤ 10⁶ terms err by under n 2⁻⁵³ ≈ 10⁻¹⁰ of it."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Rows(NamedTuple):
    """The rows of K, without the matrix. Row numbers run: jobs, slots, battery, heat, uplink, downlink,
    counts."""

    job: Ints
    """(O,) of each start."""
    pair: Ints
    kind: Ints
    """(Q,) the pair's row of `taken`: satellites by power."""
    kind_craft: Ints
    kind_power: Floats
    taken: Floats
    """(C, L) mJ out of the battery while running through a segment."""
    cell_craft: Ints
    cell_from: Ints
    cell_to: Ints
    """Battery rows, over the segments [from, to)."""
    counts: Ints
    """(n, 4): satellite, slots from and to, how many of them at most: `counting.count_rows`."""
    up_last: Ints
    """(O,) the last pass that closes before the start; −1 without input."""
    down_first: Ints
    """(O,) the first pass that opens after the end; −1 without result."""
    first: Ints
    """(8,) where each family of rows begins."""
    limit: Floats
    """(R,) b"""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """No plan is worth more than `value`. `prices` (R,) prove it; `cost` (O,) is what each start takes at them."""

    value: float
    prices: Floats
    cost: Floats
    iterations: int


def rows_of(tables: Tables) -> Rows:
    """The rows of a compiled problem."""
    sky, work = tables
    jobs, (crafts, slots), length = len(work.value), sky.free.shape, sky.net_mw.shape[1]
    pair = np.repeat(np.arange(len(work.craft)), np.diff(work.option_first))
    job = np.repeat(np.arange(jobs), np.diff(work.pair_first))[pair]
    kinds, kind = np.unique(np.stack([work.craft.astype(np.float64), work.power], axis=1), axis=0, return_inverse=True)
    craft_of, power_of = kinds[:, 0].astype(np.int64), kinds[:, 1].copy()
    taken = _taken(sky, craft_of, power_of)
    cells = [_cells(sky, s) for s in range(crafts)]
    cell_craft = np.repeat(np.arange(crafts), [len(one[0]) for one in cells])
    begin, end, slack = (np.concatenate([one[k] for one in cells]) for k in range(3))
    up_last, down_first = _passes(sky, work, pair, job)
    passes = len(sky.opens)
    least = np.full(crafts, np.inf)
    np.minimum.at(least, work.craft, work.power)
    counts = count_rows(sky, np.where(np.isfinite(least), least, 0.0))
    heat_room = np.where(np.arange(length + 1) <= sky.segments[:, None], sky.room + NO_RISE_MK, np.inf)
    first = np.cumsum([0, jobs, crafts * slots, len(begin), crafts * (length + 1), passes, passes, len(counts)])
    up = np.concatenate([np.cumsum(sky.up[a:b]) for a, b in _spans(sky)]) if passes else np.zeros(0)
    down = np.concatenate([np.cumsum(sky.down[a:b][::-1])[::-1] for a, b in _spans(sky)]) if passes else np.zeros(0)
    limit = np.concatenate([np.ones(jobs + crafts * slots), slack, heat_room.ravel(), up, down, counts[:, 3]])
    return Rows(
        job=job,
        pair=pair,
        kind=np.ascontiguousarray(kind.reshape(-1)),
        kind_craft=craft_of,
        kind_power=power_of,
        taken=taken,
        cell_craft=cell_craft,
        cell_from=begin,
        cell_to=end,
        counts=counts,
        up_last=up_last,
        down_first=down_first,
        first=first.astype(np.int64),
        limit=limit,
    )


def bound_of(
    tables: Tables, iterations: int, more: Callable[[], bool] = lambda: True, rows: Rows | None = None
) -> Bound:
    """The best bound found in `iterations`, asked for `more` every hundred."""
    rows = rows if rows is not None else rows_of(tables)
    if not len(tables.work.start):
        return Bound(0.0, np.zeros(len(rows.limit)), np.zeros(0), 0)
    solver = _Solver(tables, rows)
    done = 0
    while done < iterations and more():
        done += solver.steps(min(100, iterations - done))
    return Bound(solver.best, solver.prices, solver.cost(), done)


class _Solver:
    """The method's state, in rows scaled to a limit of 1 and values scaled to a greatest of 1."""

    def __init__(self, tables: Tables, rows: Rows) -> None:
        self.tables, self.rows = tables, rows
        self.worth = tables.work.value[rows.job]
        self.unit = max(1.0, float(self.worth.max()))
        self.scale = np.where(np.isfinite(rows.limit), 1.0 / np.maximum(rows.limit, 1e-3), 0.0)
        self.right = np.where(np.isfinite(rows.limit), rows.limit, 0.0) * self.scale
        ones = np.ones(len(rows.job))
        self.row_sum = np.maximum(self.times(ones), 1e-9)
        self.column_sum = np.maximum(self.turned((self.scale > 0).astype(np.float64)), 1e-9)
        self.x, self.y = np.zeros(len(ones)), np.zeros(len(rows.limit))
        self.weight, self.length = 1.0, 0
        self.prices = np.zeros(len(rows.limit))
        self.best = self.value(self.prices)
        self._begin()

    def _begin(self) -> None:
        self.from_x, self.from_y = self.x.copy(), self.y.copy()
        self.sum_x, self.sum_y, self.length = np.zeros_like(self.x), np.zeros_like(self.y), 0

    def times(self, x: Floats) -> Floats:
        """K x, scaled."""
        return np.asarray(rows_product(*self.tables, self.rows, x) * self.scale)

    def turned(self, y: Floats) -> Floats:
        """Kᵀ y, scaled."""
        return np.asarray(columns_product(*self.tables, self.rows, y * self.scale))

    def value(self, y: Floats) -> float:
        """The bound that scaled prices y prove, kept if it is the best."""
        true = y * self.scale * self.unit
        true[: self.rows.first[1]] = 0.0
        return evaluate(self.tables, self.rows, true)

    def cost(self) -> Floats:
        """What each start takes at the best prices."""
        return np.asarray(columns_product(*self.tables, self.rows, self.prices))

    def steps(self, count: int) -> int:
        """So many iterations; then the average or the last, whichever proves more, is where the next begin."""
        right, worth = self.right, self.worth / self.unit
        for _ in range(count):
            ahead = np.clip(self.x + (worth - self.turned(self.y)) / (self.weight * self.column_sum), 0.0, 1.0)
            push = self.times(2.0 * ahead - self.x) - right
            self.y = np.maximum(0.0, self.y + push * self.weight / self.row_sum)
            self.x = ahead
            self.sum_x += self.x
            self.sum_y += self.y
            self.length += 1
        mean_x, mean_y = self.sum_x / self.length, self.sum_y / self.length
        at_mean, at_last = self.value(mean_y), self.value(self.y)
        for found, prices in ((at_mean, mean_y), (at_last, self.y)):
            if found < self.best:
                self.best, self.prices = found, prices * self.scale * self.unit
                self.prices[: self.rows.first[1]] = 0.0
        if at_mean <= at_last or self.length >= 400:
            if at_mean <= at_last:
                self.x, self.y = mean_x, mean_y
            moved_x = float(np.sqrt(((self.x - self.from_x) ** 2 * self.column_sum).sum()))
            moved_y = float(np.sqrt(((self.y - self.from_y) ** 2 * self.row_sum).sum()))
            if moved_x > 1e-12 and moved_y > 1e-12:
                self.weight = float(np.exp(0.5 * np.log(moved_y / moved_x) + 0.5 * np.log(self.weight)))
            self._begin()
        return count


def evaluate(tables: Tables, rows: Rows, prices: Floats) -> float:
    """The value that prices ≥ 0 prove: at least b·y + Σ max(0, value − price), rounding and all."""
    used = np.maximum(prices, 0.0)
    used = np.where(np.isfinite(rows.limit), used, 0.0)
    cost = columns_product(*tables, rows, used)
    profit = np.zeros(len(tables.work.value))
    np.maximum.at(profit, rows.job, tables.work.value[rows.job] - cost)
    held = np.where(np.isfinite(rows.limit), rows.limit, 0.0) * used
    sizes = float(np.abs(held).sum() + profit.sum() + tables.work.value.sum())
    return float(held.sum() + profit.sum() + ROUNDING * sizes)


# Making rows ----------------------------------------------------------------------------------------------------------


def _spans(sky: Any) -> list[tuple[int, int]]:
    return [(int(sky.pass_first[s]), int(sky.pass_first[s + 1])) for s in range(len(sky.segments))]


def _taken(sky: Any, crafts: Ints, powers: Floats) -> Floats:
    """What a run takes from the battery in each segment, less a hair for rounding."""
    net, into, out = sky.net_mw[crafts], sky.charge_share[crafts, None], sky.discharge_share[crafts, None]

    def flow(watts: Floats) -> Floats:
        return np.asarray(np.where(watts >= 0.0, watts * into, watts / out))

    return np.asarray((flow(net) - flow(net - powers[:, None])) * sky.seconds[crafts])


def _cells(sky: Any, s: int) -> tuple[Ints, Ints, Floats]:
    """Battery rows of satellite s: (from, to, mJ): from the beginning and each end of curtailment, to each least."""
    count = int(sky.segments[s])
    charge, floor, full = sky.idle_charge[s, : count + 1], sky.floor[s, : count + 1], sky.capacity[s]
    curtailed = np.zeros(count + 1)
    for k in range(count):
        into = stored(sky.net_mw[s, k], sky.charge_share[s], sky.discharge_share[s]) * sky.seconds[s, k]
        curtailed[k + 1] = curtailed[k] + max(0.0, charge[k] + into - full)
    slack = charge - floor
    spills = np.diff(curtailed) > 0.0
    begins = [0, *(k + 1 for k in range(count - 1) if spills[k] and not spills[k + 1])]
    lows = [k for k in range(1, count + 1) if slack[k] <= slack[k - 1] and (k == count or slack[k] < slack[k + 1])]
    both = [(a, b) for a in begins for b in lows if a < b]
    begin = np.array([a for a, _ in both], dtype=np.int64)
    end = np.array([b for _, b in both], dtype=np.int64)
    room = slack[end] + curtailed[end] - curtailed[begin] + 1.0  # a millijoule over what the kernels' margin keeps
    return begin, end, room


def _passes(sky: Any, work: Any, pair: Ints, job: Ints) -> tuple[Ints, Ints]:
    """Of each start, the last pass for its input and the first for its result; −1 where there is nothing to carry."""
    craft, start = work.craft[pair], work.start * sky.slot_ns
    finish = start + work.slots[pair] * sky.slot_ns
    last, first = np.full(len(pair), -1, dtype=np.int64), np.full(len(pair), -1, dtype=np.int64)
    for s, (a, b) in enumerate(_spans(sky)):
        mine = np.flatnonzero(craft == s)
        if a == b or not len(mine):
            continue
        # rows are by pass in order of opening; a pass may close after a later one: the running extremes are safe
        closes = np.minimum.accumulate(sky.closes[a:b][::-1])[::-1]
        opens = np.maximum.accumulate(sky.opens[a:b])
        ups = mine[work.input[job[mine]] > 0]
        downs = mine[work.output[job[mine]] > 0]
        last[ups] = a + np.searchsorted(closes, start[ups], "right") - 1
        first[downs] = np.minimum(a + np.searchsorted(opens, finish[downs], "left"), b - 1)
        last[ups[last[ups] < a]] = -1
    return last, first


# Products with K ------------------------------------------------------------------------------------------------------


@njit(cache=True)
def rows_product(sky, work, rows, x):  # type: ignore[no-untyped-def]
    """K x, (R,)."""
    crafts, slots = sky.free.shape
    length = sky.net_mw.shape[1]
    out = np.zeros(len(rows.limit))
    f = rows.first
    running = np.zeros((crafts, slots + 1))
    on = np.zeros((len(rows.kind_craft), length + 1))
    for o in range(len(x)):
        if x[o] == 0.0:
            continue
        j, q, t = rows.job[o], rows.pair[o], work.start[o]
        s, end = work.craft[q], t + work.slots[q]
        out[j] += x[o]
        running[s, t] += x[o]
        running[s, end] -= x[o]
        on[rows.kind[q], sky.slot_segment[s, t]] += x[o]
        on[rows.kind[q], sky.slot_segment[s, end]] -= x[o]
        if rows.up_last[o] >= 0:
            out[f[4] + rows.up_last[o]] += x[o] * work.input[j]
        if rows.down_first[o] >= 0:
            out[f[5] + rows.down_first[o]] += x[o] * work.output[j]
    for s in range(crafts):
        total = 0.0
        for t in range(slots):
            total += running[s, t]
            out[f[1] + s * slots + t] = total
        running[s, 0] = 0.0
        for t in range(slots):
            running[s, t + 1] = running[s, t] + out[f[1] + s * slots + t]
    for r in range(len(rows.counts)):
        s = rows.counts[r, 0]
        out[f[6] + r] = running[s, rows.counts[r, 2]] - running[s, rows.counts[r, 1]]
    took, heat = np.zeros((crafts, length + 1)), np.zeros((crafts, length))
    for c in range(len(rows.kind_craft)):
        s, total = rows.kind_craft[c], 0.0
        for k in range(length):
            total += on[c, k]
            took[s, k + 1] += total * rows.taken[c, k]
            heat[s, k] += total * rows.kind_power[c]
    for s in range(crafts):
        warm = 0.0
        for k in range(sky.segments[s]):
            took[s, k + 1] += took[s, k]
            warm = warm * sky.decay[s, k] + sky.gain[s, k] * heat[s, k]
            out[f[3] + s * (length + 1) + k + 1] = warm
        for p in range(sky.pass_first[s] + 1, sky.pass_first[s + 1]):
            out[f[4] + p] += out[f[4] + p - 1]
        for p in range(sky.pass_first[s + 1] - 2, sky.pass_first[s] - 1, -1):
            out[f[5] + p] += out[f[5] + p + 1]
    for r in range(len(rows.cell_craft)):
        s = rows.cell_craft[r]
        out[f[2] + r] = took[s, rows.cell_to[r]] - took[s, rows.cell_from[r]]
    return out


@njit(cache=True)
def columns_product(sky, work, rows, y):  # type: ignore[no-untyped-def]
    """Kᵀ y, (O,): what each start takes at prices y."""
    crafts, slots = sky.free.shape
    length = sky.net_mw.shape[1]
    f = rows.first
    held = np.zeros((crafts, slots + 1))
    energy, warmth = np.zeros((crafts, length + 1)), np.zeros((crafts, length))
    up, down = np.zeros(len(sky.opens)), np.zeros(len(sky.opens))
    for r in range(len(rows.cell_craft)):
        energy[rows.cell_craft[r], rows.cell_from[r]] += y[f[2] + r]
        energy[rows.cell_craft[r], rows.cell_to[r]] -= y[f[2] + r]
    counted = np.zeros((crafts, slots + 1))
    for r in range(len(rows.counts)):
        counted[rows.counts[r, 0], rows.counts[r, 1]] += y[f[6] + r]
        counted[rows.counts[r, 0], rows.counts[r, 2]] -= y[f[6] + r]
    for s in range(crafts):
        shared = 0.0
        for t in range(slots):
            shared += counted[s, t]
            held[s, t + 1] = held[s, t] + y[f[1] + s * slots + t] + shared
        for k in range(1, length):
            energy[s, k] += energy[s, k - 1]
        behind = 0.0
        for k in range(sky.segments[s] - 1, -1, -1):
            behind += y[f[3] + s * (length + 1) + k + 1]
            warmth[s, k] = behind * sky.gain[s, k]
            behind *= sky.decay[s, k]
        total = 0.0
        for p in range(sky.pass_first[s + 1] - 1, sky.pass_first[s] - 1, -1):
            total += y[f[4] + p]
            up[p] = total
        total = 0.0
        for p in range(sky.pass_first[s], sky.pass_first[s + 1]):
            total += y[f[5] + p]
            down[p] = total
    on = np.zeros((len(rows.kind_craft), length + 1))
    for c in range(len(rows.kind_craft)):
        s = rows.kind_craft[c]
        for k in range(sky.segments[s]):
            on[c, k + 1] = on[c, k] + energy[s, k] * rows.taken[c, k] + warmth[s, k] * rows.kind_power[c]
    out = np.empty(len(work.start))
    for o in range(len(out)):
        j, q, t = rows.job[o], rows.pair[o], work.start[o]
        s, end, c = work.craft[q], t + work.slots[q], rows.kind[q]
        price = y[j] + held[s, end] - held[s, t]
        price += on[c, sky.slot_segment[s, end]] - on[c, sky.slot_segment[s, t]]
        if rows.up_last[o] >= 0:
            price += up[rows.up_last[o]] * work.input[j]
        if rows.down_first[o] >= 0:
            price += down[rows.down_first[o]] * work.output[j]
        out[o] = price
    return out
