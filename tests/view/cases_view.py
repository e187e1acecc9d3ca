"""Numeric validation cases of the views: what exports and maps show, against other people's numbers."""

from __future__ import annotations

from typing import Any

import erfa
import numpy as np

from orbitalcloud.view.flight import Series
from orbitalcloud.view.geodesy import positions_itrs_m
from orbitalcloud.view.map import HIGH, WIDE, coastline

LATITUDE_DEG, LONGITUDE_DEG, HEIGHT_M = 78.229772, 15.407786, 547_000.0


def _position(axis: int) -> float:
    one = np.ones(1)
    series = Series(
        at_ns=one.astype(np.int64),
        charge=one,
        generated_w=one,
        load_w=one,
        sunlit=one,
        temperature_k=one.reshape(1, 1),
        latitude_deg=one * LATITUDE_DEG,
        longitude_deg=one * LONGITUDE_DEG,
        height_m=one * HEIGHT_M,
        dose_rad=one,
    )
    return float(positions_itrs_m(series)[0, axis])


def land_share() -> float:
    """Share of the sphere inside the packaged coastline, by signed ring areas."""
    total = 0.0
    for ring in coastline():
        longitude, latitude = np.radians(ring[:, 0]), np.radians(ring[:, 1])
        ahead = np.roll(longitude, -1) - longitude
        total += float((ahead * (np.sin(latitude) + np.sin(np.roll(latitude, -1)))).sum() / 2)
    return abs(total) / (4 * np.pi)


_SOFA = erfa.gd2gc(1, np.radians(LONGITUDE_DEG), np.radians(LATITUDE_DEG), HEIGHT_M)

CASES: list[dict[str, Any]] = [
    *(
        {
            "case": f"geodetic to Earth-fixed {name}, 547 km above Svalbard",
            "source": "SOFA gd2gc (WGS 84), through pyerfa",
            "quantity": name,
            "unit": "m",
            "theirs": float(_SOFA[axis]),
            "tolerance": 1e-6,
            "ours": lambda axis=axis: _position(axis),
            "note": "what OEM and CZML exports hold",
        }
        for axis, name in enumerate("xyz")
    ),
    {
        "case": "share of the Earth that the map draws as land",
        "source": "CIA World Factbook, World, area: 29.2 % land",
        "quantity": "land / whole",
        "unit": "1",
        "theirs": 0.292,
        "tolerance": 0.006,
        "ours": land_share,
        "note": "1:110m coastline, ice shelves drawn as land",
    },
    {
        "case": "height to width of the map",
        "source": "Šavrič et al. 2011, Natural Earth projection: 0.52",
        "quantity": "height / width",
        "unit": "1",
        "theirs": 0.52,
        "tolerance": 0.005,
        "ours": lambda: HIGH / WIDE,
        "note": "the source gives two digits",
    },
]
