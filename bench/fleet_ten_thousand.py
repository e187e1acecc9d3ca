"""Ten thousand satellites for a day at 10 s: half a billion node-steps a second of one core? Goal: 1 (500 million).

Counted in node-steps: satellites × steps × five nodes over user CPU. Two regions are timed:
- *power and heat*: array, battery, environment and five nodes, with light that lies ready in the nearest cache; what
  the goal is about;
- *all*: `fly_fleet` whole, orbit, Sun, shadow and the setting-up of every block included.
Absolute speed means little on a shared machine, so the same run also measures what the core does at best: a chain-free
loop of fused multiply-adds over the nearest cache (numba, the same vector width). Peak memory is that of a process of
its own; goal 2 GB. Two fits of log time over log size say whether cost is linear in satellites and in steps.
"""

from __future__ import annotations

import math
import sys
from statistics import median
from time import process_time

import numpy as np
from asking import CANNOT_ASK, CannotAskError, answer, table, user_cpu_s
from fleet_design import DESIGN, LOADS_W
from numba import njit

from orbitalcloud.core.time import HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import Orbits, fleet_kernel, fly_fleet, walker
from orbitalcloud.physics.fleet_flight import Fleet, Span, Tally, new_block
from orbitalcloud.physics.fleet_light import CHUNK, LANES

START = parse_instant("2026-03-20T12:00:00Z")
SATELLITES, STEP_S, NODES = 10_000, 10.0, 5
STEPS = round(86_400 / STEP_S)
GOAL_NODE_STEPS_S, GOAL_MB = 500e6, 2000.0
SIZES = (1000, 2000, 4000, 8000)
HOURS = (24, 48, 96, 192)


def fleet(count: int) -> Orbits:
    """A Walker constellation of `count` satellites."""
    return Orbits.of(walker(count, 40, 1, math.radians(53.0), 550e3, START))


def all_s(orbits: Orbits, hours: int) -> float:
    """CPU seconds of `fly_fleet`."""
    begun = process_time()
    fly_fleet(DESIGN, orbits, LOADS_W, START, Instant(START + hours * HOUR), STEP_S)
    return process_time() - begun


def kernel_s(rounds: int = 60) -> float:
    """CPU seconds of power and heat alone for one satellite and step, light given."""
    orbits = Orbits.of(fleet(1000).sources[:LANES])
    loads = np.tile(LOADS_W, (LANES, 1))
    crew = Fleet((DESIGN,) * LANES, orbits, loads, np.zeros(LANES), np.full((LANES, NODES), 293.15))
    span = Span(START, round(STEP_S * SECOND), 0, CHUNK, 0)
    block = new_block(crew, span, Tally(crew, span), list(range(LANES)))
    fly = fleet_kernel.flight_of(block.tables.shape(varied=False))
    light, flux = block.designed_chunk(), np.full(CHUNK, 1361.0)
    tables, network = block.tables.kernel_tables, block.tables.network(STEP_S)
    given = np.zeros(0), np.zeros((0, 4)), np.zeros(0), light, flux
    none = np.zeros((0, LANES)), np.zeros((0, NODES, LANES))

    def once() -> float:
        begun = process_time()
        for _ in range(rounds):
            fly(block.w, *given, 0.0, STEP_S, tables, network, 0, 0, *none)
        return (process_time() - begun) / (rounds * CHUNK * LANES)

    once()
    return median(once() for _ in range(15))


@njit(fastmath=True)
def _multiply_add(a, b, rounds):  # type: ignore[no-untyped-def]
    for _ in range(rounds):
        for i in range(a.shape[0]):
            x, y = a[i], b[i]
            for _ in range(16):
                x = x * y + 0.5
            a[i] = x


def peak_flops() -> float:
    """Floating-point operations a second in fused multiply-adds over 16 kB."""
    a, b = np.full(1024, 0.1), np.full(1024, 0.1)
    _multiply_add(a, b, 1)
    begun = process_time()
    _multiply_add(a, b, 20_000)
    return 2.0 * 16 * 1024 * 20_000 / (process_time() - begun)


def fit(sizes: tuple[int, ...], seconds: list[float]) -> str:
    """Exponent and R² of log time over log size."""
    x, y = np.log(sizes), np.log(seconds)
    slope, level = np.polyfit(x, y, 1)
    rest = ((y - slope * x - level) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    return f"exponent {slope:.3f}, R² {1.0 - rest:.4f}"


def main() -> int:
    if "--once" in sys.argv:
        all_s(fleet(SATELLITES), 24)
        return 0
    small = fleet(LANES * 40)
    all_s(small, 1)
    kernel = kernel_s()
    whole = median(all_s(fleet(SATELLITES), 24) for _ in range(3))
    by_satellites = [median(all_s(fleet(size), 24) for _ in range(3)) for size in SIZES]
    by_steps = [median(all_s(fleet(1000), hours) for _ in range(3)) for hours in HOURS]
    try:
        _, peak_kb, _ = user_cpu_s([sys.executable, __file__, "--once"])
    except CannotAskError as error:
        print(f"fleet_ten_thousand: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    assert peak_kb / 1024 < GOAL_MB, f"{peak_kb / 1024:.0f} MB is more than 2 GB"
    node_steps = SATELLITES * STEPS * NODES
    rate = NODES / kernel
    flops = peak_flops()
    rows = [
        ("power and heat alone, a satellite and step", f"{kernel * 1e9:.1f} ns: {rate / 1e6:.0f} M node-steps/s"),
        ("all, with orbit, Sun and shadow", f"{whole:.2f} s: {node_steps / whole / 1e6:.0f} M node-steps/s"),
        ("  a satellite and step", f"{whole / (SATELLITES * STEPS) * 1e9:.1f} ns"),
        ("peak memory of a process", f"{peak_kb / 1024:.0f} MB (goal < {GOAL_MB:.0f})"),
        (f"time over satellites, {SIZES[0]:,} to {SIZES[-1]:,}", fit(SIZES, by_satellites)),
        (f"time over steps, {HOURS[0]} to {HOURS[-1]} h", fit(HOURS, by_steps)),
        ("this core's fused multiply-adds", f"{flops / 1e9:.1f} GFLOP/s"),
        ("  in the time of a node's step", f"{flops / rate:.0f} operations"),
    ]
    table(f"{SATELLITES:,} satellites, a day at {STEP_S:g} s, five nodes: {node_steps / 1e6:.0f} M node-steps", rows)
    return answer("fleet_ten_thousand", rate / GOAL_NODE_STEPS_S, 1)


if __name__ == "__main__":
    sys.exit(main())
