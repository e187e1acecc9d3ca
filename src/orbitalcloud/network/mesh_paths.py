"""Shortest paths through any network of links, and what each path is: Dijkstra's algorithm over neighbour lists.

For topologies without a grid's structure, and for paths over ground relays. Lengths are of any unit, not negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.kernels import njit

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mesh:
    """Links in neighbour lists: node k reaches `others[starts[k] : starts[k + 1]]` over links of `lengths`."""

    starts: Indices
    others: Indices
    lengths: Floats

    @classmethod
    def of(cls, nodes: int, first: Indices, second: Indices, lengths: Floats) -> Mesh:
        """From links that hold both ways, (n_links,) each; one of infinite length is left out."""
        there = np.isfinite(lengths)
        first, second, lengths = first[there], second[there], lengths[there]
        a, b = np.concatenate([first, second]), np.concatenate([second, first])
        order = np.argsort(a, kind="stable")
        starts = np.searchsorted(a[order], np.arange(nodes + 1))
        return cls(starts, b[order].astype(np.int64), np.concatenate([lengths, lengths])[order])


@njit(cache=True)
def _push(heap, place, key, count, node):  # type: ignore[no-untyped-def]
    """Sift `node`, whose key has become less, up; it is appended where it has no place. The new count."""
    at = place[node]
    if at < 0:
        at = count
        count += 1
    while at > 0:
        parent = (at - 1) >> 2
        other = heap[parent]
        if key[other] <= key[node]:
            break
        heap[at], place[other] = other, at
        at = parent
    heap[at], place[node] = node, at
    return count


@njit(cache=True)
def _pop(heap, place, key, count):  # type: ignore[no-untyped-def]
    """Take the least away from a heap of four children."""
    node = heap[count]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= count:
            break
        for other in range(child + 1, min(child + 4, count)):
            if key[heap[other]] < key[heap[child]]:
                child = other
        if key[node] <= key[heap[child]]:
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at], place[node] = node, at


@njit(cache=True)
def _from_each(starts, others, lengths, sources, through, key, before):  # type: ignore[no-untyped-def]
    """Fill `key` and `before` (n_sources, n_nodes); nodes that nothing passes `through` only begin and end paths."""
    nodes = starts.shape[0] - 1
    heap, place = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    for row in range(sources.shape[0]):
        far, parent = key[row], before[row]
        far[:], parent[:], place[:] = np.inf, -1, -1
        far[sources[row]] = 0.0
        count = _push(heap, place, far, 0, sources[row])
        while count > 0:
            node = heap[0]
            count -= 1
            if count > 0:
                _pop(heap, place, far, count)
            if node != sources[row] and not through[node]:
                continue
            for n in range(starts[node], starts[node + 1]):
                other, reach = others[n], far[node] + lengths[n]
                if reach < far[other]:
                    far[other], parent[other] = reach, node
                    count = _push(heap, place, far, count, other)


def shortest(mesh: Mesh, sources: Indices, through: NDArray[np.bool_]) -> tuple[Floats, Indices]:
    """Least lengths from each source to each node, and each node's predecessor there, (n_sources, n_nodes) each.

    `through` says which nodes a path may pass; others only begin and end paths. Infinite and −1: no path.
    """
    assert mesh.lengths.size == 0 or float(mesh.lengths.min()) >= 0.0, "lengths, and not a number is none"
    shape = (len(sources), len(mesh.starts) - 1)
    key, before = np.empty(shape), np.empty(shape, dtype=np.int64)
    _from_each(mesh.starts, mesh.others, mesh.lengths, sources, through, key, before)
    return key, before


def path_to(before: Indices, node: int) -> list[int]:
    """The nodes of a path from the source to `node`, both included, by a row of predecessors; the node alone where
    there is no path (or where it is the source)."""
    path = [node]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return path[::-1]
