"""The instances of bench/planning.py: a Walker constellation's own sunlight and passes, jobs drawn from a seed.

Satellites: Walker delta 53°, 550 km, ten planes a hundred; a 6U with 40 W of array in the sun, 19 W
idle (BUPT-1's, in flight), 60 Wh of
which 45 % are kept, charged to between 60 and 95 %, and an accelerator that takes 22 W more than idle (a Jetson Orin NX
in its 25 W mode); a node of 5 kJ/K that loses 0.55 W/K, settles at 20 to 26 °C and may reach 52 °C. Stations: ten,
10° mask, 1 Mbit/s down and 200 kbit/s up. Jobs: images of places drawn evenly over the sphere up to 52°, wanted at a
random hour: the first eight satellites that pass the place above 20° from then on are its places, each ready when it
passed. One in three instead is sent up from the ground (0.2 to 4 MB) and may use any of the eight. Run times 15 min to
2 h (log-uniform), results 0.1 to 8 MB (log-uniform), deadline 3 to 9 h after the wish, value the run's slots times a
lognormal factor (σ 0.6) and rounded: a job is worth what it takes, more or less.
"""

from __future__ import annotations

import math

import numpy as np

from orbitalcloud.core import DAY, MINUTE, SECOND, Instant, Seed, parse_instant
from orbitalcloud.physics import Orbits, walker
from orbitalcloud.physics.access import GroundSite, contact_windows
from orbitalcloud.physics.shadow import illumination_at, shadow_events
from orbitalcloud.planning.problem import Cell, Craft, Job, Lump, Passage, Problem, Run

EPOCH = parse_instant("2026-03-20T12:00:00Z")
SLOT_NS, SLOTS, PLACES = 15 * MINUTE, 96, 8
STATIONS = (
    (78.2, 15.4), (68.3, -133.5), (-53.2, -70.9), (-46.5, 168.4), (-25.9, 27.7),
    (64.8, -147.7), (40.0, -105.3), (1.4, 103.8), (-33.9, 18.4), (37.0, 127.5),
)  # fmt: skip


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(Seed.of(seed).child("planning bench").bytes(8), "big"))


def constellation(count: int) -> tuple[Orbits, list[tuple[tuple[int, int], ...]], list[list[Passage]]]:
    """Orbits, sunlight and passes of `count` satellites over the day, by our own physics."""
    ends = Instant(EPOCH + DAY)
    orbits = Orbits.of(walker(count, max(1, count // 10), 1, math.radians(53.0), 550e3, EPOCH))
    lit = illumination_at(orbits, [EPOCH])[:, 0]
    since: list[int | None] = [int(EPOCH) if share > 0 else None for share in lit]
    spans: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for event in shadow_events(orbits, EPOCH, ends):
        begun = since[event.satellite]
        if event.kind == "umbra-in" and begun is not None:
            spans[event.satellite].append((begun, event.at))
            since[event.satellite] = None
        elif event.kind == "umbra-out":
            since[event.satellite] = event.at
    for row, begun in enumerate(since):
        if begun is not None:
            spans[row].append((begun, ends))
    sites = [
        GroundSite(math.radians(a), math.radians(b), 0.0, math.radians(10), f"g{k}")
        for k, (a, b) in enumerate(STATIONS)
    ]
    passages: list[list[Passage]] = [[] for _ in range(count)]
    for window in contact_windows(orbits, sites, EPOCH, ends):
        seconds = (window.closes - window.opens) / SECOND
        passages[window.satellite].append(
            Passage(sites[window.site].name, window.opens, window.closes, int(25_000 * seconds), int(125_000 * seconds))
        )
    for row in passages:
        row.sort(key=lambda one: (one.opens, one.station))
    return orbits, [tuple(row) for row in spans], passages


def instance(jobs: int, count: int, seed: int, fleet: tuple[Orbits, list, list] | None = None) -> Problem:  # type: ignore[type-arg]
    """A problem of `jobs` jobs on `count` satellites."""
    orbits, sunlight, passages = fleet or constellation(count)
    chance = _generator(seed)
    wh = 3_600_000
    crafts = tuple(
        Craft(
            f"s{k:04}",
            0,
            sunlight[k],
            40_000,
            19_000,
            Cell(60 * wh, int(60 * wh * chance.uniform(0.60, 0.95)), 27 * wh, 960_000, 960_000),
            Lump(5_000_000, 550, int(293_150 + 1000 * chance.uniform(0, 6)), 296_150, 325_150),
            tuple(passages[k]),
        )
        for k in range(count)
    )
    return Problem(EPOCH, SLOT_NS, SLOTS, crafts, tuple(_jobs(jobs, orbits, crafts, chance)))


def _jobs(jobs: int, orbits: Orbits, crafts: tuple[Craft, ...], chance: np.random.Generator) -> list[Job]:
    latitude = np.arcsin(chance.uniform(-math.sin(math.radians(52)), math.sin(math.radians(52)), jobs))
    longitude = chance.uniform(-math.pi, math.pi, jobs)
    sites = [
        GroundSite(float(a), float(b), 0.0, math.radians(20), f"t{k}")
        for k, (a, b) in enumerate(zip(latitude, longitude, strict=True))
    ]
    wished = EPOCH + (chance.uniform(0, 18, jobs) * 3600 * SECOND).astype(np.int64)
    seen: list[list[tuple[int, str]]] = [[] for _ in range(jobs)]
    for window in contact_windows(orbits, sites, EPOCH, Instant(EPOCH + DAY)):
        if window.opens >= wished[window.site]:
            seen[window.site].append((int(window.closes), crafts[window.satellite].name))
    made = []
    for k in range(jobs):
        slots = 2.0 ** chance.uniform(0, 3)
        ground, span = chance.random() < 1 / 3, chance.uniform(3, 9)
        up, down = chance.uniform(math.log(0.2e6), math.log(4e6)), chance.uniform(math.log(0.1e6), math.log(8e6))
        worth = max(1, round(10 * slots * math.exp(0.6 * chance.standard_normal())))
        places: dict[str, int] = {}
        for at, name in sorted(seen[k]):
            if len(places) < PLACES:
                places.setdefault(name, int(wished[k]) if ground else at)
        run = Run(math.ceil(slots) * SLOT_NS, 22_000)
        deadline = int(wished[k] + span * 3600 * SECOND)
        home = tuple(places.items()) or ((crafts[k % len(crafts)].name, int(wished[k])),)
        made.append(
            Job(f"j{k:05}", worth, deadline, (run,), home, int(math.exp(up)) if ground else 0, int(math.exp(down)))
        )
    return made
