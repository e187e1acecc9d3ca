"""Make src/orbitalcloud/data/physics/weather.json: how often it rains at a station, and how much water its clouds hold.

    python -m venv /tmp/probe && /tmp/probe/bin/pip install itur==0.4.0
    /tmp/probe/bin/python tools/make_weather.py

By `itur` 0.4 for the catalogue's stations: the probability of rain by ITU-R P.837, and the log-normal law of reduced
columnar liquid water, its mean, deviation and probability of cloud, by ITU-R P.840.
"""

from __future__ import annotations

import json
import math
import tomllib
import warnings
from pathlib import Path

from itur.models import itu837, itu840

warnings.simplefilter("ignore")
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    stations = tomllib.loads((ROOT / "src/orbitalcloud/data/catalogue/stations.toml").read_text())
    found = {}
    for name, row in stations.items():
        place = row["latitude_deg"], row["longitude_deg"]
        mean, deviation, cloudy = (
            float(x.value) if hasattr(x, "value") else float(x)
            for x in itu840.lognormal_approximation_coefficient(*place)
        )
        found[name] = {
            "rain_percent": round(float(itu837.rainfall_probability(*place).value), 6),
            "cloud_percent": round(cloudy, 6),
            "liquid_mean_ln": None if math.isnan(mean) else round(mean, 6),
            "liquid_deviation_ln": None if math.isnan(deviation) else round(deviation, 6),
        }
    place = ROOT / "src/orbitalcloud/data/physics/weather.json"
    place.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
