"""Ruin and recreate, compiled: take out what lies around one place, fill it again in a shaken order, keep what is good.

G. Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle", J. Comput. Phys. 159
(2000) 139, doi 10.1006/jcph.1999.6413; acceptance by simulated annealing, and a start that would fit skipped now and
then ("blinks"): J. Christiaens & G. Vanden Berghe, Transportation Science 54 (2020) 417, doi 10.1287/trsc.2019.0914.
"""

from __future__ import annotations

import numpy as np

from orbitalcloud.core.kernels import njit
from orbitalcloud.planning.kernels import FITS, PARTS, fits, put, take

CRAFTS = 64
"""At most so many satellites change in a round."""


@njit(cache=True)
def draw(state):  # type: ignore[no-untyped-def]
    """A number in [0, 1) of xorshift64* (S. Vigna, doi 10.1145/2845077); `state` (1,) uint64, not 0."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)
def _keep(sky, plan, s, kept, n, marked, load, charge, rise, owner, up, down):  # type: ignore[no-untyped-def]
    """Copy satellite s's part of the plan before its first change in a round; False where there is no room."""
    if marked[s] > 0:
        return n, True
    if n == len(kept):
        return n, False
    kept[n], marked[s] = s, 1
    load[n], charge[n], rise[n], owner[n] = plan.load[s], plan.charge[s], plan.rise[s], plan.owner[s]
    for p in range(sky.pass_first[s], sky.pass_first[s + 1]):
        up[p], down[p] = plan.up[p], plan.down[p]
    return n + 1, True


@njit(cache=True)
def _shaken_start(sky, work, plan, j, only, whole, cost, shake, rng, parts, spare):  # type: ignore[no-untyped-def]
    """As `kernels.best_start`, on marked satellites unless `whole`, with costs shaken and blinks."""
    found_q, found_slot, least = -1, -1, np.inf
    for q in range(work.pair_first[j], work.pair_first[j + 1]):
        if not whole and only[work.craft[q]] == 0:
            continue
        lift = shake * draw(rng)
        for o in range(work.option_first[q], work.option_first[q + 1]):
            if cost[o] + lift >= least or plan.owner[work.craft[q], work.start[o]] != -1:
                continue
            if draw(rng) < 0.03:
                continue
            if fits(sky, work, plan, j, q, work.start[o], spare) == FITS:
                least, found_q, found_slot = cost[o] + lift, q, work.start[o]
                parts[:] = spare
    return found_q, found_slot


@njit(cache=True)
def ruin_and_recreate(sky, work, plan, best, by_first, by_pair, job_of, cost, worth, rounds, warm, cool, rng):  # type: ignore[no-untyped-def]
    """Improve `plan` for `rounds` rounds; `best` (pair, slot, parts) is the best seen. Returns its value.

    `by_first`, `by_pair` list the pairs of each satellite, `job_of` (Q,) a pair's job; `worth` (J,) orders jobs, the
    greatest first; `warm`, `cool` are the annealing's temperatures (in value) at the beginning and the end.
    """
    jobs, crafts = len(work.value), len(sky.segments)
    kept = np.empty(min(CRAFTS, crafts), np.int64)
    marked, ruined = np.zeros(crafts, np.uint8), np.zeros(crafts, np.uint8)
    room = len(kept)
    load, charge = np.empty((room, plan.load.shape[1])), np.empty((room, plan.charge.shape[1]))
    rise, owner = np.empty_like(charge), np.empty((room, plan.owner.shape[1]), np.int64)
    up, down = np.empty_like(plan.up), np.empty_like(plan.down)
    listed, queue, key = np.zeros(jobs, np.uint8), np.empty(jobs, np.int64), np.empty(jobs)
    was_pair, was_slot = np.empty(jobs, np.int64), np.empty(jobs, np.int64)
    was_parts = np.empty((jobs, 2, PARTS, 2), np.int64)
    parts, spare = np.empty((2, PARTS, 2), np.int64), np.empty((2, PARTS, 2), np.int64)
    value = 0.0
    for j in range(jobs):
        value += work.value[j] if plan.pair[j] >= 0 else 0.0
    top = value
    best[0][:], best[1][:], best[2][:] = plan.pair, plan.slot, plan.parts
    for turn in range(rounds):
        heat = warm * (cool / warm) ** (turn / max(1, rounds - 1))
        anchor = int(draw(rng) * jobs)
        pairs = work.pair_first[anchor + 1] - work.pair_first[anchor]
        if pairs == 0:
            continue
        n, m, after = 0, 0, value
        for _ in range(1 + int(draw(rng) * 3.0)):
            q = work.pair_first[anchor] + int(draw(rng) * pairs)
            options = work.option_first[q + 1] - work.option_first[q]
            if options == 0:
                continue
            s = work.craft[q]
            centre = work.start[work.option_first[q] + int(draw(rng) * options)]
            half = 1 + int(draw(rng) * 8.0)
            n, ok = _keep(sky, plan, s, kept, n, marked, load, charge, rise, owner, up, down)
            if not ok:
                continue
            ruined[s] = 1
            for t in range(max(0, centre - half), min(plan.owner.shape[1], centre + work.slots[q] + half)):
                j = plan.owner[s, t]
                if j >= 0:
                    was_pair[m], was_slot[m], was_parts[m] = plan.pair[j], plan.slot[j], plan.parts[j]
                    after -= work.value[j]
                    listed[j], queue[m] = 2, j
                    m += 1
                    take(sky, work, plan, j)
        gone = m
        for k in range(n):
            for at in range(by_first[kept[k]], by_first[kept[k] + 1]):
                j = job_of[by_pair[at]]
                if listed[j] == 0 and plan.pair[j] < 0:
                    listed[j], queue[m] = 1, j
                    was_pair[m] = -1
                    m += 1
        style, shake = draw(rng), 0.0
        if draw(rng) < 0.5:
            shake = 0.3 * draw(rng)
        for k in range(m):
            lean = worth[queue[k]] if style < 0.7 else work.value[queue[k]]
            key[k] = -lean * (0.7 + 0.6 * draw(rng))
        for k in np.argsort(key[:m]):
            j = queue[k]
            q, slot = _shaken_start(
                sky, work, plan, j, ruined, listed[j] == 2, cost, shake * worth[j], rng, parts, spare
            )
            if q < 0:
                continue
            n, ok = _keep(sky, plan, work.craft[q], kept, n, marked, load, charge, rise, owner, up, down)
            if ok:
                put(sky, work, plan, j, q, slot, parts)
                after += work.value[j]
        if after >= value or draw(rng) < np.exp((after - value) / heat):
            value = after
            if value > top + 1e-9:
                top = value
                best[0][:], best[1][:], best[2][:] = plan.pair, plan.slot, plan.parts
        else:
            for k in range(n):
                s = kept[k]
                plan.load[s], plan.charge[s], plan.rise[s], plan.owner[s] = load[k], charge[k], rise[k], owner[k]
                least = np.inf
                for at in range(sky.segments[s] + 1):
                    least = min(least, sky.room[s, at] - rise[k, at])
                plan.ease[s] = least - 1e-6
                for p in range(sky.pass_first[s], sky.pass_first[s + 1]):
                    plan.up[p], plan.down[p] = up[p], down[p]
            for k in range(m):
                j = queue[k]
                plan.pair[j], plan.slot[j] = (was_pair[k], was_slot[k]) if k < gone else (-1, -1)
                if k < gone:
                    plan.parts[j] = was_parts[k]
                else:
                    plan.parts[j] = -1
        for k in range(n):
            marked[kept[k]], ruined[kept[k]] = 0, 0
        for k in range(m):
            listed[queue[k]] = 0
    return top
