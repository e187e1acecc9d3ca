"""Compiled steps of planning: does a start fit, put a job there, take it away; fill a plan in an order; search.

A plan is an `Assignment`'s arrays. At most one job draws power in a segment, so a satellite's charge and temperature
are recomputed from its loads alone, and a plan that was undone is bit for bit what it was.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.kernels import njit

PARTS = 6
"""Over how many passes a job's bytes may be spread."""

FITS, ACCELERATOR, RESERVE, HEAT, UPLINK, DOWNLINK = range(6)
"""What `fits` answers."""


class Assignment(NamedTuple):
    """What is where. `pair` and `slot` are −1 for a job that is not placed."""

    pair: NDArray[np.int64]
    slot: NDArray[np.int64]
    load: NDArray[np.float64]
    charge: NDArray[np.float64]
    rise: NDArray[np.float64]
    owner: NDArray[np.int64]
    """(S, T) the job in each slot; −1 free, −2 the queue's."""
    up: NDArray[np.int64]
    """Bytes left in each pass."""
    down: NDArray[np.int64]
    ease: NDArray[np.float64]
    """(S,) the least room for warmth that is left anywhere."""
    parts: NDArray[np.int64]
    """(J, 2, PARTS, 2): of input and result, (pass or −1, bytes)."""


def empty(sky: Any, jobs: int) -> Assignment:
    """Nothing placed."""
    owner = np.where(sky.free > 0, -1, -2).astype(np.int64)
    return Assignment(
        pair=np.full(jobs, -1, dtype=np.int64),
        slot=np.full(jobs, -1, dtype=np.int64),
        load=np.zeros_like(sky.net_mw),
        charge=sky.idle_charge.copy(),
        rise=np.zeros_like(sky.room),
        owner=owner,
        up=sky.up.copy(),
        down=sky.down.copy(),
        ease=np.array([row[: n + 1].min() for row, n in zip(sky.room, sky.segments, strict=True)]),
        parts=np.full((jobs, 2, PARTS, 2), -1, dtype=np.int64),
    )


@njit(cache=True)
def stored(net_mw, charge_share, discharge_share):  # type: ignore[no-untyped-def]
    """Milliwatts into the battery (out of it, below 0) at a net power at the bus."""
    return net_mw * (charge_share if net_mw >= 0.0 else 1.0 / discharge_share)


@njit(cache=True)
def sustains(sky, load, charge, rise, s, first, last, power, ease):  # type: ignore[no-untyped-def]
    """FITS, RESERVE or HEAT: `power` more over the segments [first, last) of satellite s.

    `ease` is the least room for warmth that is left anywhere: what decays below it is no longer followed.
    """
    held = charge[s, first]
    share_in, share_out, most = sky.charge_share[s], sky.discharge_share[s], sky.capacity[s]
    for k in range(first, sky.segments[s]):
        drawn = load[s, k]
        if k < last:
            drawn += power
        held = min(most, held + stored(sky.net_mw[s, k] - drawn, share_in, share_out) * sky.seconds[s, k])
        if held < sky.floor[s, k + 1]:
            return RESERVE
        if k + 1 >= last and held == charge[s, k + 1]:
            break
    more = 0.0
    for k in range(first, sky.segments[s]):
        more *= sky.decay[s, k]
        if k < last:
            more += sky.gain[s, k] * power
        elif more <= ease:
            break
        if rise[s, k + 1] + more > sky.room[s, k + 1]:
            return HEAT
    return FITS


@njit(cache=True)
def carried(opens, closes, left, allowed, begin, end, since, until, size, backwards, parts):  # type: ignore[no-untyped-def]
    """Whether passes wholly within [since, until] carry `size` bytes; written into `parts` (PARTS, 2)."""
    count = 0
    for step in range(end - begin):
        if size <= 0:
            break
        p = end - 1 - step if backwards else begin + step
        if allowed[p] == 0 or opens[p] < since or closes[p] > until or left[p] <= 0:
            continue
        if count == len(parts):
            return False
        taken = min(size, left[p])
        parts[count, 0], parts[count, 1] = p, taken
        size -= taken
        count += 1
    for k in range(count, len(parts)):
        parts[k, 0], parts[k, 1] = -1, 0
    return size <= 0


@njit(cache=True)
def fits(sky, work, plan, j, q, slot, parts):  # type: ignore[no-untyped-def]
    """Whether job j can start at `slot` on pair q; `parts` (2, PARTS, 2) gets its transfers."""
    s, long = work.craft[q], work.slots[q]
    for t in range(slot, slot + long):
        if plan.owner[s, t] != -1:
            return ACCELERATOR
    begin, end = sky.pass_first[s], sky.pass_first[s + 1]
    first, last = sky.slot_segment[s, slot], sky.slot_segment[s, slot + long]
    held = sustains(sky, plan.load, plan.charge, plan.rise, s, first, last, work.power[q], plan.ease[s])
    if held != FITS:
        return held
    start_ns, law = slot * sky.slot_ns, work.law[j]
    if work.input[j] > 0 and not carried(
        sky.opens, sky.closes, plan.up, sky.allowed[law], begin, end, work.ready[q], start_ns,
        work.input[j], True, parts[0],
    ):  # fmt: skip
        return UPLINK
    finish_ns = start_ns + long * sky.slot_ns
    if work.output[j] > 0 and not carried(
        sky.opens, sky.closes, plan.down, sky.allowed[law], begin, end, finish_ns, work.deadline[j],
        work.output[j], False, parts[1],
    ):  # fmt: skip
        return DOWNLINK
    return FITS


@njit(cache=True)
def _follow(sky, plan, s, first):  # type: ignore[no-untyped-def]
    """Charge and rise of satellite s from a segment on, from its loads."""
    held, warm = plan.charge[s, first], plan.rise[s, first]
    share_in, share_out, most = sky.charge_share[s], sky.discharge_share[s], sky.capacity[s]
    for k in range(first, sky.segments[s]):
        drawn = plan.load[s, k]
        held = min(most, held + stored(sky.net_mw[s, k] - drawn, share_in, share_out) * sky.seconds[s, k])
        warm = warm * sky.decay[s, k] + sky.gain[s, k] * drawn
        plan.charge[s, k + 1], plan.rise[s, k + 1] = held, warm
    least = np.inf
    for k in range(sky.segments[s] + 1):
        least = min(least, sky.room[s, k] - plan.rise[s, k])
    plan.ease[s] = least - 1e-6


@njit(cache=True)
def put(sky, work, plan, j, q, slot, parts):  # type: ignore[no-untyped-def]
    """Place job j as `fits` found it could be."""
    s, long = work.craft[q], work.slots[q]
    plan.pair[j], plan.slot[j] = q, slot
    plan.owner[s, slot : slot + long] = j
    first, last = sky.slot_segment[s, slot], sky.slot_segment[s, slot + long]
    plan.load[s, first:last] = work.power[q]
    _follow(sky, plan, s, first)
    plan.parts[j] = -1
    if work.input[j] > 0:
        plan.parts[j, 0] = parts[0]
        _spend(plan.up, plan.parts[j, 0], -1)
    if work.output[j] > 0:
        plan.parts[j, 1] = parts[1]
        _spend(plan.down, plan.parts[j, 1], -1)


@njit(cache=True)
def take(sky, work, plan, j):  # type: ignore[no-untyped-def]
    """Take job j out."""
    q, slot = plan.pair[j], plan.slot[j]
    s, long = work.craft[q], work.slots[q]
    plan.owner[s, slot : slot + long] = -1
    first, last = sky.slot_segment[s, slot], sky.slot_segment[s, slot + long]
    plan.load[s, first:last] = 0.0
    _follow(sky, plan, s, first)
    _spend(plan.up, plan.parts[j, 0], 1)
    _spend(plan.down, plan.parts[j, 1], 1)
    plan.parts[j] = -1
    plan.pair[j], plan.slot[j] = -1, -1


@njit(cache=True)
def _spend(left, parts, sign):  # type: ignore[no-untyped-def]
    for k in range(len(parts)):
        if parts[k, 0] >= 0:
            left[parts[k, 0]] += sign * parts[k, 1]


@njit(cache=True)
def best_start(sky, work, plan, j, only, cost, parts, spare):  # type: ignore[no-untyped-def]
    """(pair, slot) of the cheapest start of job j that fits, or (−1, −1); on satellites marked in `only`, if any is."""
    found_q, found_slot, least = -1, -1, np.inf
    for q in range(work.pair_first[j], work.pair_first[j + 1]):
        if only[work.craft[q]] == 0:
            continue
        for o in range(work.option_first[q], work.option_first[q + 1]):
            if cost[o] >= least or plan.owner[work.craft[q], work.start[o]] != -1:
                continue
            if fits(sky, work, plan, j, q, work.start[o], spare) == FITS:
                least, found_q, found_slot = cost[o], q, work.start[o]
                parts[:] = spare
    return found_q, found_slot


@njit(cache=True)
def fill(sky, work, plan, order, cost):  # type: ignore[no-untyped-def]
    """List scheduling: each job of `order` at its cheapest start that fits, if there is one."""
    parts, spare = np.empty((2, PARTS, 2), np.int64), np.empty((2, PARTS, 2), np.int64)
    everywhere = np.ones(len(sky.segments), np.uint8)
    for j in order:
        q, slot = best_start(sky, work, plan, j, everywhere, cost, parts, spare)
        if q >= 0:
            put(sky, work, plan, j, q, slot, parts)


@njit(cache=True)
def demanded(sky, work):  # type: ignore[no-untyped-def]
    """(O,) how much value other jobs would put where each start is, if each job's were spread over its starts.

    What they ask of an accelerator's slot, and three times what they ask, on the mean, within an orbit of it: a battery
    that is spent in one slot is missing in the next.
    """
    crafts, slots = sky.free.shape
    asked = np.zeros((crafts, slots + 1))
    for j in range(len(work.value)):
        first, last = work.pair_first[j], work.pair_first[j + 1]
        starts = work.option_first[last] - work.option_first[first]
        for q in range(first, last):
            for o in range(work.option_first[q], work.option_first[q + 1]):
                asked[work.craft[q], work.start[o]] += work.value[j] / starts
                asked[work.craft[q], work.start[o] + work.slots[q]] -= work.value[j] / starts
    near = max(1, 90 * 60 * 1_000_000_000 // sky.slot_ns)
    total = np.zeros((crafts, slots + 1))
    for s in range(crafts):
        for t in range(1, slots):
            asked[s, t] += asked[s, t - 1]
        below = np.zeros(slots + 1)
        for t in range(slots):
            below[t + 1] = below[t] + asked[s, t]
        for t in range(slots):
            a, b = max(0, t - near), min(slots, t + near)
            total[s, t + 1] = total[s, t] + asked[s, t] + 3.0 * (below[b] - below[a]) / (2 * near)
    cost = np.empty(len(work.start))
    for q in range(len(work.craft)):
        s = work.craft[q]
        for o in range(work.option_first[q], work.option_first[q + 1]):
            cost[o] = total[s, work.start[o] + work.slots[q]] - total[s, work.start[o]] + 1e-6 * work.start[o]
    return cost


@njit(cache=True)
def open_starts(sky, work, most):  # type: ignore[no-untyped-def]
    """(first, slots): every start of every pair that an idle satellite could give; first[-1] is −1 above `most`."""
    pairs, slots = len(work.craft), sky.free.shape[1]
    first = np.zeros(pairs + 1, np.int64)
    found = np.empty(1024, np.int64)
    load, rise = np.zeros_like(sky.net_mw), np.zeros_like(sky.room)
    count = 0
    for j in range(len(work.value)):
        for q in range(work.pair_first[j], work.pair_first[j + 1]):
            for slot in range(max(0, -(-work.ready[q] // sky.slot_ns)), slots - work.slots[q] + 1):
                finish = (slot + work.slots[q]) * sky.slot_ns
                if finish > work.deadline[j]:
                    break
                if not _idle_takes(sky, work, load, rise, j, q, slot):
                    continue
                if count == len(found):
                    wider = np.empty(2 * count, np.int64)
                    wider[:count] = found
                    found = wider
                found[count] = slot
                count += 1
                if count > most:
                    first[-1] = -1
                    return first, found[:0].copy()
            first[q + 1] = count
    return first, found[:count].copy()


@njit(cache=True)
def _idle_takes(sky, work, load, rise, j, q, slot):  # type: ignore[no-untyped-def]
    """Whether the satellite could run job j at a slot if it had nothing else to do."""
    s, long = work.craft[q], work.slots[q]
    for t in range(slot, slot + long):
        if sky.free[s, t] == 0:
            return False
    first, last = sky.slot_segment[s, slot], sky.slot_segment[s, slot + long]
    for k in range(first, last + 1):
        if sky.idle_charge[s, k] < sky.runs_above[s]:
            return False
    start, finish = slot * sky.slot_ns, (slot + long) * sky.slot_ns
    if _volume(sky, sky.up, work.law[j], s, work.ready[q], start) < work.input[j]:
        return False
    if _volume(sky, sky.down, work.law[j], s, finish, work.deadline[j]) < work.output[j]:
        return False
    return sustains(sky, load, sky.idle_charge, rise, s, first, last, work.power[q], -1.0) == FITS


@njit(cache=True)
def _volume(sky, volume, law, s, since, until):  # type: ignore[no-untyped-def]
    """Bytes that allowed passes wholly within a span carry."""
    total = 0
    for p in range(sky.pass_first[s], sky.pass_first[s + 1]):
        if sky.allowed[law, p] and sky.opens[p] >= since and sky.closes[p] <= until:
            total += volume[p]
    return total
