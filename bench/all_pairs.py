"""How long do all pairs of a hundred stations take, over 1,584 and 10,000 satellites with +grid, a hundred time steps?

Goal: at least 20 times faster than networkx's Dijkstra and 300 times than Floyd–Warshall as Hypatia runs it, topology
included, with the same distances. Ours does all hundred steps: where the satellites are, which each station sees, link
lengths, paths. networkx is given the lengths and does one step, building its graph; Floyd–Warshall (networkx's over
numpy, which is what Hypatia calls) one step over the 1,584 satellites, measured, and what it leaves to do besides is
given to it. For 10,000 its time is extrapolated by the cube: a step would take three quarters of an hour. CPU of one
core. The ratio is the least of the four over its goal.
"""

from __future__ import annotations

import json
import math
import sys
from time import process_time

import numpy as np
from asking import CANNOT_ASK, SCRATCH, CannotAskError, answer, environment, single_threaded, table, user_cpu_s

from orbitalcloud.core import SECOND, parse_instant
from orbitalcloud.mission.cities import cities
from orbitalcloud.network.grid_paths import distances_among, distances_over_grid
from orbitalcloud.physics import IslLimits, Orbits, walker
from orbitalcloud.physics.frames import itrs_of_geodetic, teme_to_itrs, up_of_geodetic
from orbitalcloud.physics.mesh import Grid, grid_lengths, grid_links, sights

EPOCH = parse_instant("2026-03-20T12:00:00Z")
STATIONS, STEPS = 100, 100
MEASURED = 1584
"""Satellites over which Floyd–Warshall runs."""
GOAL_DIJKSTRA, GOAL_FLOYD = 20.0, 300.0


def run(planes: int, slots: int, steps: int):  # type: ignore[no-untyped-def]
    """CPU seconds of all steps, and the last one's network and distances."""
    largest = sorted(cities().values(), key=lambda city: -city.population)[:STATIONS]
    latitude, longitude = np.radians([(city.latitude_deg, city.longitude_deg) for city in largest]).T
    places, ups = itrs_of_geodetic(latitude, longitude, 0.0), up_of_geodetic(latitude, longitude)
    orbits = Orbits.of(walker(planes * slots, planes, 1, math.radians(53.0), 550e3, EPOCH))
    grid, limits, mask = Grid.of(planes * slots, planes, 1), IslLimits(), np.full(STATIONS, math.radians(25.0))
    begun = process_time()
    times = EPOCH + np.arange(steps, dtype=np.int64) * 15 * SECOND
    position, turn = orbits.position_teme_m(times), teme_to_itrs(times)
    for k in range(steps):
        r = np.ascontiguousarray(position[:, k].T)
        seen = sights(r, places @ turn[k], ups @ turn[k], mask)
        along, across = grid_lengths(r, grid, limits)
        among = distances_among(along, across, grid.seam, seen.starts, seen.satellites, seen.ranges_m)
    return process_time() - begun, grid, along, across, seen, among


def main() -> int:
    try:
        python = environment("networkx", [["networkx==3.6.1", "numpy", "scipy"]])
        return ask(str(python))
    except CannotAskError as error:
        print(f"all_pairs: cannot be asked here: {error}", file=sys.stderr)
        return CANNOT_ASK


def ask(python: str) -> int:
    run(36, 22, 1)  # compile
    rows, ratios, floyd_step_s = [], [], 0.0
    for planes, slots in ((72, 22), (100, 100)):
        total = planes * slots
        ours_s, grid, along, across, seen, among = run(planes, slots, STEPS)
        place = SCRATCH / f"all_pairs_{total}.npz"
        SCRATCH.mkdir(exist_ok=True)
        measured = total == MEASURED
        edges, lengths = np.stack(grid_links(grid), axis=1), np.concatenate([along.ravel(), across.ravel()])
        np.savez(
            place,
            edges=edges,
            lengths=lengths,
            starts=seen.starts,
            satellites=seen.satellites,
            ranges=seen.ranges_m,
            floyd_edges=edges if measured else edges[:0],
            floyd_lengths=lengths if measured else lengths[:0],
        )
        _, _, printed = user_cpu_s([python, "bench/peers/networkx_paths.py", str(place)], single_threaded())
        told, theirs = json.loads(printed), np.load(f"{place}.out.npz")
        assert np.array_equal(theirs["among"], among), "the same distances, to the bit"
        if measured:
            _same_as_floyd(grid, along, across, theirs["floyd"])
            floyd_step_s = told["floyd_s"]
        dijkstra_s = told["dijkstra_s"] * STEPS
        floyd_s = floyd_step_s * (total / MEASURED) ** 3 * STEPS
        how = "one step × 100" if measured else "1,584's × n³, extrapolated"
        ratios += [dijkstra_s / ours_s / GOAL_DIJKSTRA, floyd_s / ours_s / GOAL_FLOYD]
        rows += [
            (f"{total} satellites, {STATIONS} stations, {STEPS} steps: ours", f"{ours_s:.2f} s"),
            ("  networkx Dijkstra, one step × 100", f"{dijkstra_s:.0f} s ({dijkstra_s / ours_s:.0f} times ours)"),
            (f"  Floyd–Warshall, {how}", f"{floyd_s:,.0f} s ({floyd_s / ours_s:,.0f} times ours)"),
        ]
    table("All pairs over +grid, CPU of one core; distances equal to the bit", rows)
    return answer("all_pairs", min(ratios), 1)


def _same_as_floyd(grid, along, across, theirs) -> None:  # type: ignore[no-untyped-def]
    """Floyd–Warshall adds in another order: equal within rounding."""
    total = grid.planes * grid.slots
    every = np.arange(total + 1, dtype=np.int64)
    ours = distances_over_grid(along, across, grid.seam, every, every[:-1].astype(np.int32), np.zeros(total))
    assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-6), "the same distances"


if __name__ == "__main__":
    sys.exit(main())
