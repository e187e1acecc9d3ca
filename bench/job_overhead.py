"""What does a process of one's own cost a job? Throughput of executed jobs through cells against the bare runtime.

The packaged workloads in the mix that genesis-1 raises in a day, each run by `compute.execute` in this process and by
warm cells, alternately. Wall time, because a cell works beside us; the best of the rounds, because machines are shared.
The ratio is bare over cells, of the whole mix; each workload's own stands above it, and a cell's cold start.
"""

from __future__ import annotations

import sys
from time import perf_counter

from asking import answer, table

from orbitalcloud.compute import execute, workload
from orbitalcloud.twin.cells import Cells

MIX = {"cloud-mask": 16, "water-map": 4, "protein-fitness": 3}
"""Runs a day in missions/genesis-1.toml: once an orbit (15.2), at four hours, at three."""
ROUNDS = 4
REPEATS = {"cloud-mask": 2, "water-map": 40, "protein-fitness": 6}


def main() -> int:
    cells = Cells()
    rows, bare_day, cell_day = [], 0.0, 0.0
    try:
        for name, runs in MIX.items():
            item = workload(name)
            artefact, data = item.artefact(), item.inputs()[0]
            expected = execute(artefact, data, item.limits)
            begun = perf_counter()
            assert cells.run(artefact, data, item.limits) == expected, "a cell gives what the runtime gives"
            cold_s = perf_counter() - begun
            bare_s = cell_s = float("inf")
            for _ in range(ROUNDS):
                begun = perf_counter()
                for _ in range(REPEATS[name]):
                    execute(artefact, data, item.limits)
                middle = perf_counter()
                for _ in range(REPEATS[name]):
                    cells.run(artefact, data, item.limits)
                bare_s = min(bare_s, (middle - begun) / REPEATS[name])
                cell_s = min(cell_s, (perf_counter() - middle) / REPEATS[name])
            bare_day, cell_day = bare_day + runs * bare_s, cell_day + runs * cell_s
            words = (
                f"bare {bare_s * 1e3:.2f} ms, cell {cell_s * 1e3:.2f} ms: {bare_s / cell_s:.2f}; cold {cold_s:.2f} s"
            )
            rows.append((f"{name}, {len(data)} bytes in", words))
    finally:
        cells.close()
    rows.append(("the mix", f"bare {bare_day:.3f} s, cells {cell_day:.3f} s"))
    table("a run, wall time, best of rounds", rows)
    return answer("job_overhead", bare_day / cell_day, 0.95)


if __name__ == "__main__":
    sys.exit(main())
