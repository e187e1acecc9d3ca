"""Who sees whom among ten thousand satellites, at one instant? Goal: under 50 ms of user CPU on one core.

Two fleets: a Walker of 10,000 at 550 km with terminals of 5,016 km (an eighth of all pairs see each other) and the same
with 2,000 km. The peers give the same answer: a compiled brute force over all 50 million pairs, whose count must be
ours, and SciPy's k-d tree (`cKDTree.query_pairs`, the usual way in Python) for the range, the limb tested on what it
finds. The ratio is 50 ms over our median for the first fleet. Then windows through a day for the +grid of a thousand.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from asking import CANNOT_ASK, answer, table
from numba import njit

from orbitalcloud.core import DAY, Instant, parse_instant
from orbitalcloud.physics import Orbits, walker
from orbitalcloud.physics.isl import IslLimits, grid_pairs, isl_windows, visible

EPOCH = parse_instant("2026-03-20T12:00:00Z")
SATELLITES, LIMIT_S, TIMES = 10_000, 0.050, 9


@njit(cache=False)
def brute_force(position, stretch, ball, far):  # type: ignore[no-untyped-def]
    """The number of pairs that see each other: every pair tried."""
    count, found = position.shape[0], 0
    x, y, z = position[:, 0].copy(), position[:, 1].copy(), position[:, 2] * stretch
    s = np.sqrt(x * x + y * y + z * z - ball * ball)
    for i in range(count):
        for j in range(i + 1, count):
            dx, dy, dz = x[j] - x[i], y[j] - y[i], z[j] - z[i]
            up = dz / stretch
            across = dx * dx + dy * dy
            found += (across + up * up <= far * far) & (across + dz * dz < (s[i] + s[j]) ** 2)
    return found


def by_tree(position: Any, limits: IslLimits) -> int:
    """The same by SciPy's k-d tree."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(position).query_pairs(limits.range_m, output_type="ndarray")
    scaled = position * (1.0, 1.0, limits.stretch)
    horizon = np.sqrt((scaled**2).sum(axis=1) - limits.radius_m**2)
    far = np.linalg.norm(scaled[pairs[:, 0]] - scaled[pairs[:, 1]], axis=1)
    return int((far < horizon[pairs[:, 0]] + horizon[pairs[:, 1]]).sum())


def seconds_of(call: Callable[[], Any], times: int = TIMES) -> tuple[float, Any]:
    """Median CPU seconds of a call that was made once before, and its answer."""
    result = call()
    took = []
    for _ in range(times):
        begun = process_time()
        result = call()
        took.append(process_time() - begun)
    return median(took), result


def main() -> int:
    try:
        import scipy  # noqa: F401
    except ImportError:
        print("isl: cannot be asked here: SciPy is missing (pip install orbital-cloud[dev])", file=sys.stderr)
        return CANNOT_ASK
    orbits = Orbits.of(walker(SATELLITES, 100, 17, math.radians(53.0), 550e3, EPOCH))
    position = orbits.position_teme_m([EPOCH])[:, 0]
    rows, first_s = [], 0.0
    for far in (5.016e6, 2e6):
        limits = IslLimits(far)
        ours_s, sight = seconds_of(lambda limits=limits: visible(position, limits))
        brute_s, brute = seconds_of(
            lambda limits=limits: brute_force(position, limits.stretch, limits.radius_m, limits.range_m), 3
        )
        tree_s, tree = seconds_of(lambda limits=limits: by_tree(position, limits), 1)
        assert len(sight) == brute == tree, "the three agree on who sees whom"
        first_s = first_s or ours_s
        rows += [
            (f"{SATELLITES} satellites, terminals of {far / 1e3:.0f} km: pairs", f"{len(sight):,}"),
            ("  ours, median", f"{ours_s * 1e3:.1f} ms"),
            (
                "  compiled brute force, counting only",
                f"{brute_s * 1e3:.1f} ms ({brute_s / ours_s:.1f} times ours, which also names the pairs)",
            ),
            ("  SciPy cKDTree and numpy", f"{tree_s * 1e3:.0f} ms ({tree_s / ours_s:.0f} times ours)"),
        ]
    fleet = Orbits.of(walker(1000, 20, 7, math.radians(53.0), 550e3, EPOCH))
    pairs = grid_pairs(1000, 20, 7)
    limits = IslLimits(5e6, slew_rad_s=math.radians(0.5))
    day_s, windows = seconds_of(lambda: isl_windows(fleet, pairs, EPOCH, Instant(EPOCH + DAY), limits), 1)
    rows.append((f"windows of {len(pairs)} +grid pairs of 1,000 satellites, a day", f"{day_s:.2f} s, {len(windows)}"))
    table("Between satellites, CPU of one core", rows)
    return answer("isl", LIMIT_S / first_s, 1)


if __name__ == "__main__":
    sys.exit(main())
