"""The packaged cities: places that flows may name. From GeoNames; `data/map/README.md` says how."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class City:
    """A city's place (WGS 84 degrees) and population."""

    name: str
    country: str
    latitude_deg: float
    longitude_deg: float
    population: int


@cache
def cities() -> dict[str, City]:
    """Every city by its name."""
    table = resources.files("orbitalcloud") / "data" / "map" / "cities.csv"
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return {
        row["name"]: City(
            row["name"],
            row["country"],
            float(row["latitude_deg"]),
            float(row["longitude_deg"]),
            int(row["population"]),
        )
        for row in rows
    }
