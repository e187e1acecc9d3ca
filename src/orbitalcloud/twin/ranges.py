"""Ranges between satellites, and from stations to them, quick enough to ask for each frame.

Time is cut into blocks of two minutes; in each, the range is a polynomial through eleven Chebyshev nodes (barycentric
form, Berrut & Trefethen 2004, doi 10.1137/S0036144502417715), made when first asked for, seventeen minutes of them at
once. Blocks lie on whole multiples of their length since 1970, so an answer does not depend on what was asked before.
"""

from __future__ import annotations

import math

import numpy as np

from orbitalcloud import physics
from orbitalcloud.core import SECOND, Instant
from orbitalcloud.physics.frames import itrs_of_geodetic

BLOCK_NS = 128 * SECOND
NODES = 11
TOGETHER = 8
"""Blocks made at once: the orbit model costs as much for a dozen instants as for four dozen."""
MAX_BLOCKS = 4096
_X = tuple(math.cos((2 * k + 1) * math.pi / (2 * NODES)) for k in range(NODES))
_WEIGHTS = tuple((-1) ** k * math.sin((2 * k + 1) * math.pi / (2 * NODES)) for k in range(NODES))
_OFFSETS = np.array(
    [round((x + 1.0) / 2.0 * BLOCK_NS) + block * BLOCK_NS for block in range(TOGETHER) for x in _X], dtype=np.int64
)


class Ranges:
    """Distances in metres between the satellites of `orbits` and ground sites."""

    def __init__(self, orbits: physics.Orbits) -> None:
        self._orbits = orbits
        self._blocks: dict[tuple[int, str | int, int], tuple[float, ...]] = {}

    def range_m(self, satellite: int, site: physics.GroundSite, at: Instant) -> float:
        """The range at an instant, within a decimetre of the orbit model: a third of a nanosecond of light."""
        return self._at((satellite, site.name), satellite, site, at)

    def between_m(self, satellite: int, other: int, at: Instant) -> float:
        """The range between two satellites, as exactly."""
        low, high = min(satellite, other), max(satellite, other)
        return self._at((low, high), low, high, at)

    def _at(self, pair: tuple[int, str | int], satellite: int, end: physics.GroundSite | int, at: Instant) -> float:
        block, rest = divmod(at, BLOCK_NS)
        key = (*pair, block)
        values = self._blocks.get(key)
        if values is None:
            if len(self._blocks) >= MAX_BLOCKS:
                self._blocks.clear()
            first = block - block % TOGETHER
            found = self._between(satellite, end, first) if isinstance(end, int) else self._make(satellite, end, first)
            for index in range(TOGETHER):
                self._blocks[(*pair, first + index)] = found[index * NODES : (index + 1) * NODES]
            values = self._blocks[key]
        x = 2.0 * rest / BLOCK_NS - 1.0
        above = below = 0.0
        for node, weight, value in zip(_X, _WEIGHTS, values, strict=True):
            if x == node:
                return value
            share = weight / (x - node)
            above += share * value
            below += share
        return above / below

    def _between(self, satellite: int, other: int, block: int) -> tuple[float, ...]:
        times = block * BLOCK_NS + _OFFSETS
        away = self._orbits.one(other).position_teme_m(times)[0] - self._orbits.one(satellite).position_teme_m(times)[0]
        return tuple(np.sqrt((away**2).sum(axis=1)).tolist())

    def _make(self, satellite: int, site: physics.GroundSite, block: int) -> tuple[float, ...]:
        times = block * BLOCK_NS + _OFFSETS
        place = itrs_of_geodetic(site.latitude_rad, site.longitude_rad, site.height_m)
        away = physics.position_itrs_m(self._orbits.one(satellite), times)[0] - place
        return tuple(np.sqrt((away**2).sum(axis=1)).tolist())
