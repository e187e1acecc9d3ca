"""The compiled half of `contact_tree`: Dijkstra in time over contacts in arrays. Integers throughout.

Imported where a tree is asked for, not before: numba takes its time to load.
"""

from __future__ import annotations

import numpy as np

from orbitalcloud.core.kernels import njit


@njit(cache=True)
def _leaves(start, closes, rate, steps_at, steps_rate, first, last, bits):  # type: ignore[no-untyped-def]
    """When the last of `bits` (in bit-nanoseconds a bit a second) has left from `start` on; after `closes` if not."""
    if first == last or bits == 0:
        return start - (-bits // rate)
    for k in range(first, last):
        end = steps_at[k + 1] if k + 1 < last else closes
        begin = max(start, steps_at[k])
        speed = steps_rate[k]
        if end <= begin or speed == 0:
            continue
        needed = -(-bits // speed)
        if needed <= end - begin:
            return begin + needed
        bits -= (end - begin) * speed
    return closes + 1 if bits else start


@njit(cache=True)
def _sift_up(heap, place, key, position):  # type: ignore[no-untyped-def]
    node = heap[position]
    while position > 0:
        above = (position - 1) >> 1
        other = heap[above]
        if key[other] <= key[node]:
            break
        heap[position] = other
        place[other] = position
        position = above
    heap[position] = node
    place[node] = position


@njit(cache=True)
def _sift_down(heap, place, key, size):  # type: ignore[no-untyped-def]
    position, node = 0, heap[0]
    while True:
        child = 2 * position + 1
        if child >= size:
            break
        if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if key[heap[child]] >= key[node]:
            break
        heap[position] = heap[child]
        place[heap[child]] = position
        position = child
    heap[position] = node
    place[node] = position


@njit(cache=True)
def grow(of, receiver, opens, closes, rate, light, steps_of, steps_at, steps_rate, longest,  # type: ignore[no-untyped-def]
         source, now, bits, wait, goal):  # fmt: skip
    """(arrival, last contact) of every node, −1 where there is none: contacts of sender i are of[i] … of[i + 1], by
    opening. Nothing waits longer than `wait` at a node; with a `goal` (else −1) it ends once that is settled."""
    count, never = of.shape[0] - 1, np.int64(1) << 62
    at, via = np.full(count, never), np.full(count, -1, np.int64)
    heap, place = np.empty(count, np.int64), np.full(count, -1, np.int64)
    at[source], heap[0], place[source], size = now, source, 0, 1
    unreached, latest = count - 1, never
    while size:
        node = heap[0]
        size -= 1
        if size:
            heap[0] = heap[size]
            _sift_down(heap, place, at, size)
        place[node] = -2
        here = at[node]
        if node == goal:
            break
        if unreached == 0:  # what opens after the last of all labels cannot be of use
            latest = at[node]
            for k in range(size):
                latest = max(latest, at[heap[k]])
        bound = min(latest, here + wait if wait < never - here else never)
        if goal >= 0:
            bound = min(bound, at[goal])
        low, high = of[node], of[node + 1]
        begin = low + np.searchsorted(opens[low:high], here - longest[node])
        for c in range(begin, high):
            if opens[c] > bound:
                break
            if closes[c] <= here:
                continue
            start, other = max(here, opens[c]), receiver[c]
            known = at[other]
            if known <= start + light[c]:
                continue
            left = _leaves(start, closes[c], rate[c], steps_at, steps_rate, steps_of[c], steps_of[c + 1], bits)
            arrival = left + light[c]
            if left > closes[c] or arrival >= known:
                continue
            at[other], via[other] = arrival, c
            if place[other] < 0:
                unreached -= 1
                heap[size], place[other] = other, size
                size += 1
            _sift_up(heap, place, at, place[other])
    for k in range(count):
        if at[k] == never:
            at[k] = -1
    return at, via
