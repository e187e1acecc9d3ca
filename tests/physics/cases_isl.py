"""Numeric validation cases of links between satellites: somebody else's number, ours, and how far apart they may be."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from orbitalcloud.core import DAY, SECOND, Instant, parse_instant
from orbitalcloud.physics import Orbits, TwoLine, walker
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.isl import IslLimits, grid_pairs, isl_windows, longest_chord_m, visible
from validation import row

DATA = Path(__file__).parents[1] / "data" / "physics"
EPOCH = parse_instant("2026-03-20T12:00:00Z")
HYPATIA_RADIUS_M = 6_378_135.0  # WGS 72, as Hypatia has it


def longest_seen_m(altitude_m: float, grazing_m: float, radius_m: float) -> float:
    """The greatest range at which `visible` still sees two satellites over the equator, by bisection."""
    low, high = 0.0, math.pi
    limits = IslLimits(grazing_height_m=grazing_m + radius_m - EARTH_RADIUS_M)
    while high - low > 1e-12:
        angle = 0.5 * (low + high)
        places = (radius_m + altitude_m) * np.array([[1.0, 0.0, 0.0], [math.cos(angle), math.sin(angle), 0.0]])
        low, high = (angle, high) if len(visible(places, limits)) else (low, angle)
    return 2.0 * (radius_m + altitude_m) * math.sin(0.5 * low)


def in_plane_m(total: int, planes: int, altitude_m: float, inclination_deg: float, pattern: Any = "delta") -> float:
    """Range between neighbours in a plane."""
    design = walker(total, planes, 0, math.radians(inclination_deg), altitude_m, EPOCH, pattern=pattern)
    position = Orbits.of(design[:2]).position_teme_m([EPOCH])[:, 0]
    return float(np.linalg.norm(position[1] - position[0]))


@lru_cache(maxsize=1)
def _orekit() -> list[tuple[tuple[int, int], float, float, float]]:
    """(pair, skimming, theirs, ours): seconds in sight over the day."""
    fleet = json.loads((DATA / "access_orekit_5x20.json").read_text())
    start = parse_instant(fleet["t0_utc"] + "Z")
    orbits = Orbits.of([TwoLine(*lines) for lines in fleet["tles"]])
    found = []
    for item in json.loads((DATA / "isl_orekit.json").read_text())["pairs"]:
        if not item["events"]:  # always or never in sight
            continue
        i, j = item["pair"]
        windows = isl_windows(
            orbits, [(i, j)], start, Instant(start + DAY), IslLimits(grazing_height_m=item["skimming_m"])
        )
        ours = sum(window.duration_ns for window in windows) / SECOND
        edges = [(0.0, True), *map(tuple, item["events"])] if not item["events"][0][1] else list(item["events"])
        if edges[-1][1]:
            edges.append((86_400.0, False))
        times = [at for at, _ in edges]
        found.append(((i, j), item["skimming_m"], sum(times[1::2]) - sum(times[0::2]), ours))
    return found


def _chords() -> list[dict[str, Any]]:
    hypatia = "Hypatia (Kassing et al. 2020, doi 10.1145/3419394.3423635), its scripts: 2 √((R + h)² − (R + 80 km)²)"
    rows = []
    for name, altitude in (("Starlink", 550e3), ("Kuiper", 630e3), ("Telesat", 1015e3)):
        theirs = 2.0 * math.sqrt((HYPATIA_RADIUS_M + altitude) ** 2 - (HYPATIA_RADIUS_M + 80e3) ** 2)
        rows.append(
            row(
                "longest link between satellites",
                hypatia,
                f"{name}, {altitude / 1e3:.0f} km",
                "km",
                theirs / 1e3,
                0.001,
                lambda altitude=altitude: longest_seen_m(altitude, 80e3, HYPATIA_RADIUS_M) / 1e3,
                "A closed form; ours is found by asking who sees whom",
            )
        )
    return [
        *rows,
        row(
            "longest link between satellites",
            "Bhattacherjee & Singla 2019, doi 10.1145/3359989.3365407, second-hand",
            "550 km, over 80 km",
            "km",
            5014.0,
            0.5,
            lambda: longest_chord_m(550e3) / 1e3,
            "Sphere of 6,371 km; theirs has no decimals",
        ),
        row(
            "longest link between satellites",
            "Chaudhry & Yanikomeroglu 2021, arXiv 2103.00056, second-hand",
            "550 km, over 80 km",
            "km",
            5016.0,
            1.0,
            lambda: longest_seen_m(550e3, 80e3, EARTH_RADIUS_M) / 1e3,
            "Theirs has no decimals, and R = 6,378 km",
        ),
    ]


def _grids() -> list[dict[str, Any]]:
    return [
        row(
            "+grid neighbours",
            "Chaudhry & Yanikomeroglu 2021, arXiv 2103.00056, second-hand",
            "Starlink's first shell as 24 planes of 66: next in the plane",
            "km",
            659.0,
            1.0,
            lambda: in_plane_m(1584, 24, 550e3, 53.0) / 1e3,
            "Theirs has no decimals",
        ),
        row(
            "+grid neighbours",
            "closed form 2 r sin(π/11), r = 6378.137 + 780 km",
            "Iridium, 11 in a plane: next in the plane",
            "km",
            2.0 * 7158.137 * math.sin(math.pi / 11),
            0.001,
            lambda: in_plane_m(66, 6, 780e3, 86.4, "star") / 1e3,
            "Literature has 4,020 to 4,035 km, by the radius that it takes",
        ),
        row(
            "+grid neighbours",
            "NAL Research, Iridium network reference: four cross-links, fore, aft and the two planes beside",
            "links of a satellite that is not beside the seam",
            "",
            4.0,
            0.0,
            lambda: float(np.bincount(np.array(grid_pairs(66, 6, 0, "star")).ravel())[22]),
            "66 satellites in 6 planes, a star",
        ),
    ]


def _sights() -> list[dict[str, Any]]:
    source = "Orekit 13.1.9, InterSatDirectViewDetector (tools/make_isl_truth.py)"
    return [
        row(
            "satellites in sight of each other",
            source,
            f"pair {pair[0]}–{pair[1]} over {skim / 1e3:.0f} km, seconds of a day",
            "s",
            theirs,
            0.01,
            lambda index=index: _orekit()[index][3],
            "Their threshold is 0.1 ms an edge; same SGP4 and WGS 84",
        )
        for index, (pair, skim, theirs, _) in enumerate(_orekit())
        if index % 3 == 0
    ]


CASES: list[dict[str, Any]] = [*_chords(), *_grids(), *_sights()]
