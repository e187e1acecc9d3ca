"""Paths over grids and meshes against SciPy's Dijkstra, to the bit; fair shares against a definition and by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from orbitalcloud.core import DataError
from orbitalcloud.network.fair_share import max_min_fair
from orbitalcloud.network.grid_paths import distances_among, distances_over_grid, path_over_grid
from orbitalcloud.network.mesh_paths import Mesh, path_to, shortest


def grid_case(seed: int, planes: int, slots: int, sources: int, broken: float):
    draw = np.random.default_rng(seed)
    along, across = draw.uniform(0.2, 3.0, (2, planes, slots))
    along[draw.random(along.shape) < broken] = np.inf
    across[draw.random(across.shape) < broken] = np.inf
    counts = draw.integers(0, 5, sources)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    satellites = draw.integers(0, planes * slots, starts[-1]).astype(np.int32)
    return along, across, int(draw.integers(0, slots)), starts, satellites, draw.uniform(0.5, 2.0, starts[-1])


def by_scipy(along, across, seam, starts, satellites, lengths):
    planes, slots = along.shape
    n, count = planes * slots, len(starts) - 1
    weights: dict[tuple[int, int], float] = {}

    def link(a, b, w):
        if math.isfinite(w) and a != b:
            weights[a, b] = min(w, weights.get((a, b), math.inf))

    for p in range(planes):
        for s in range(slots):
            here, right = p * slots + s, p * slots + (s + 1) % slots
            up = (p + 1) * slots + s if p + 1 < planes else (s + seam) % slots
            for a, b, w in ((here, right, along[p, s]), (here, up, across[p, s])):
                link(a, b, w)
                link(b, a, w)
    for k in range(count):
        for m in range(starts[k], starts[k + 1]):
            link(n + k, int(satellites[m]), lengths[m])
    rows, columns = zip(*weights, strict=True) if weights else ((), ())
    graph = csr_matrix((list(weights.values()), (rows, columns)), shape=(n + count, n + count))
    return dijkstra(graph, indices=np.arange(n, n + count))[:, :n]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(3, 9),
    st.integers(3, 11),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.2, 0.7]),
)
def test_lengths_over_a_grid_are_dijkstras_to_the_bit(seed, planes, slots, sources, broken):
    case = grid_case(seed, planes, slots, sources, broken)
    along, across, seam, starts, satellites, lengths = case
    ours = distances_over_grid(*case)
    assert np.array_equal(ours, by_scipy(*case))
    among = distances_among(*case)
    for a in range(sources):
        for b in range(sources):
            ends = slice(starts[b], starts[b + 1])
            least = min(ours[a, satellites[ends]] + lengths[ends], default=math.inf)
            assert among[a, b] == (0.0 if a == b else least)
    for satellite in range(0, planes * slots, 7):
        path = path_over_grid(ours[0], along, across, seam, satellite)
        assert bool(path) == math.isfinite(ours[0, satellite])
        if path:
            assert path[-1] == satellite
            assert path[0] in satellites[: starts[1]]
            assert len(set(path)) == len(path)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(0, 90))
def test_a_meshs_lengths_are_dijkstras_and_its_paths_have_them(seed, nodes, links):
    draw = np.random.default_rng(seed)
    ends = draw.integers(0, nodes, (links, 2))
    ends = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0).astype(np.int64)
    lengths = draw.uniform(0.1, 5.0, len(ends))
    mesh = Mesh.of(nodes, ends[:, 0], ends[:, 1], lengths)
    far, before = shortest(mesh, np.arange(nodes), np.ones(nodes, dtype=bool))
    graph = csr_matrix((lengths, (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    assert np.array_equal(far, dijkstra(graph, directed=False))
    known = {tuple(pair): w for pair, w in zip(ends.tolist(), lengths, strict=True)}
    for node in range(nodes):
        path = path_to(before[0], node)
        total = sum(known[min(a, b), max(a, b)] for a, b in pairwise(path))
        assert path == [node] if not math.isfinite(far[0, node]) else total == pytest.approx(far[0, node])


def test_nothing_passes_a_node_that_only_ends_paths():
    mesh = Mesh.of(3, np.array([0, 1]), np.array([1, 2]), np.ones(2))
    far, _ = shortest(mesh, np.array([0]), np.array([True, False, True]))
    assert far[0].tolist() == [0.0, 1.0, math.inf]


def by_linear_programmes(paths, capacity, demand):
    """The textbook definition: raise the least as far as it goes, hold those that cannot have more, and go on."""
    flows, held = len(paths), {}
    uses = np.array([[float(link in path) for path in paths] for link in range(len(capacity))])
    while len(held) < flows:
        free = [f for f in range(flows) if f not in held]

        def solve(goal, floor, free=free):
            bounds = [(held[f], held[f]) if f in held else (floor, demand[f]) for f in range(flows)]
            a = np.hstack([uses, np.zeros((len(capacity), 1))])
            level = [[-1.0 if f == g else 0.0 for f in range(flows)] + [1.0] for g in free]
            rows, right = np.vstack([a, level]), np.concatenate([capacity, np.zeros(len(free))])
            return linprog(goal, A_ub=rows, b_ub=right, bounds=[*bounds, (0, None)])

        least = solve([0.0] * flows + [-1.0], 0.0).x[-1]
        for f in free:
            goal = [-1.0 if g == f else 0.0 for g in range(flows)] + [0.0]
            if solve(goal, max(0.0, least - 1e-9)).x[f] <= least + 1e-6:
                held[f] = least
    return [held[f] for f in range(flows)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_fair_rates_are_those_of_linear_programmes(seed):
    draw = np.random.default_rng(seed)
    links, flows = int(draw.integers(1, 5)), int(draw.integers(1, 5))
    paths = [
        sorted(draw.choice(links, size=int(draw.integers(1, links + 1)), replace=False).tolist()) for _ in range(flows)
    ]
    capacity, demand = draw.integers(1, 20, links).astype(float), draw.integers(1, 12, flows).astype(float)
    starts = np.concatenate([[0], np.cumsum([len(path) for path in paths])])
    rate, _ = max_min_fair(starts, np.concatenate(paths).astype(np.int64), capacity, demand)
    assert rate == pytest.approx(by_linear_programmes(paths, capacity, demand), abs=1e-5)


def test_the_five_sessions_of_bertsekas_and_gallager():
    # D. Bertsekas, R. Gallager, Data Networks, 2nd ed. 1992, §6.5.2, figure 6.16 and its example: arcs of capacity 1;
    # sessions over (1,3)(3,5); (2,3); (2,3); (4,5); (2,3)(3,5). First (2,3) fills at 1/3, then (3,5) at 2/3 of session
    # 1, then (4,5) at 1 of session 4. Arc (1,3) binds nobody.
    arcs = {(1, 3): 0, (2, 3): 1, (3, 5): 2, (4, 5): 3}
    sessions = [[(1, 3), (3, 5)], [(2, 3)], [(2, 3)], [(4, 5)], [(2, 3), (3, 5)]]
    starts = np.concatenate([[0], np.cumsum([len(session) for session in sessions])])
    links = np.array([arcs[arc] for session in sessions for arc in session])
    rate, why = max_min_fair(starts, links, np.ones(4), np.full(5, np.inf))
    assert rate == pytest.approx([2 / 3, 1 / 3, 1 / 3, 1.0, 1 / 3])
    assert why.tolist() == [arcs[arc] for arc in ((3, 5), (2, 3), (2, 3), (4, 5), (2, 3))]


@pytest.mark.parametrize("bad", [math.nan, -1.0])
def test_no_number_is_no_demand_and_no_capacity(bad):
    one = np.array([0, 1]), np.array([0])
    with pytest.raises(DataError, match="demand 0"):
        max_min_fair(*one, np.array([1.0]), np.array([bad]))
    with pytest.raises(DataError, match="capacity 0"):
        max_min_fair(*one, np.array([bad]), np.array([1.0]))
    with pytest.raises(DataError, match="unbounded"):
        max_min_fair(*one, np.array([math.inf]), np.array([math.inf]))
