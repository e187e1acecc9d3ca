"""How many slots of a window a satellite could work at all: rows that tighten the bound, for whole slots cannot halve.

Over slots [a, b) no plan works more than N: dynamic programming over slots and numbers of worked slots, at the least
power that any job has there, from the charge of the idle satellite at a. The most charge and, apart from it, the least
warmth that n worked slots can leave are carried along; both are monotone, so n slots that fail are too many for every
plan. (Rounded knapsack rows; a job of several slots is allowed to be cut, which only raises N.)
"""

from __future__ import annotations

import numpy as np

from orbitalcloud.core.kernels import njit
from orbitalcloud.planning.kernels import stored


@njit(cache=True)
def worked_at_most(sky, s, power):  # type: ignore[no-untyped-def]
    """(T + 1, T + 1): the most worked slots of satellite s in [a, b) at `power` each; only a < b is filled."""
    slots, count = sky.free.shape[1], sky.segments[s]
    share_in, share_out, most = sky.charge_share[s], sky.discharge_share[s], sky.capacity[s]
    needs = np.empty(count + 1)
    needs[count] = sky.floor[s, count]
    for k in range(count - 1, -1, -1):
        idle = stored(sky.net_mw[s, k], share_in, share_out) * sky.seconds[s, k]
        needs[k] = max(sky.floor[s, k], needs[k + 1] - idle)
    out = np.zeros((slots + 1, slots + 1), np.int64)
    held, warm = np.empty(slots + 2), np.empty(slots + 2)
    for a in range(slots):
        held[:], warm[:] = -np.inf, np.inf
        held[0], warm[0] = sky.idle_charge[s, sky.slot_segment[s, a]], 0.0
        top = 0
        for t in range(a, slots):
            first, last = sky.slot_segment[s, t], sky.slot_segment[s, t + 1]
            for n in range(top + 1, -1, -1):
                idle_held, idle_warm, run_held, run_warm = -np.inf, np.inf, -np.inf, np.inf
                if n <= top:
                    idle_held, idle_warm = _slot(
                        sky, s, first, last, held[n], warm[n], 0.0, share_in, share_out, most, needs
                    )
                if n > 0 and sky.free[s, t]:
                    run_held, run_warm = _slot(
                        sky, s, first, last, held[n - 1], warm[n - 1], power, share_in, share_out, most, needs
                    )
                held[n], warm[n] = max(idle_held, run_held), min(idle_warm, run_warm)
            top += 1
            while top > 0 and (held[top] == -np.inf or warm[top] == np.inf):
                held[top], warm[top] = -np.inf, np.inf
                top -= 1
            out[a, t + 1] = top
    return out


@njit(cache=True)
def _slot(sky, s, first, last, held, warm, power, share_in, share_out, most, needs):  # type: ignore[no-untyped-def]
    """Charge and warmth after a slot; −∞ or ∞ where a limit (less the kernels' margins) is broken."""
    for k in range(first, last):
        held = min(most, held + stored(sky.net_mw[s, k] - power, share_in, share_out) * sky.seconds[s, k])
        warm = warm * sky.decay[s, k] + sky.gain[s, k] * power
        if held < needs[k + 1] - 1.0:
            held = -np.inf
        if warm > sky.room[s, k + 1] + 1.0:
            warm = np.inf
    return held, warm


@njit(cache=True)
def count_rows(sky, power):  # type: ignore[no-untyped-def]
    """(n, 4): satellite, a, b, N of every window whose row no neighbouring window's row implies."""
    slots = sky.free.shape[1]
    found = []
    for s in range(len(sky.segments)):
        if power[s] <= 0.0:
            continue
        most = worked_at_most(sky, s, power[s])
        for a in range(slots):
            for b in range(a + 1, slots + 1):
                n = most[a, b]
                if n >= b - a:
                    continue
                inner = most[a, b - 1] < n or most[a + 1, b] < n
                if inner:  # implied by a smaller window and one more slot
                    continue
                wider = (a > 0 and most[a - 1, b] <= n) or (b < slots and most[a, b + 1] <= n)
                if not wider:
                    found.append((s, a, b, n))
    out = np.empty((len(found), 4), np.int64)
    for k in range(len(found)):
        out[k, 0], out[k, 1], out[k, 2], out[k, 3] = found[k]
    return out
