"""Make tests/data/physics/atmosphere_offgrid.json: `itur`'s own answers between the nodes of the packaged table.

/tmp/probe/bin/python tools/make_atmosphere_test.py      # itur==0.4.0
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import itur
import numpy as np

warnings.simplefilter("ignore")
ROOT = Path(__file__).resolve().parents[1]
SITES = {
    "svalbard": (78.2298, 15.4078, 0.45),
    "singapore": (1.32, 103.7, 0.02),
    "hartebeesthoek": (-25.89, 27.71, 1.55),
}


def main() -> None:
    rng = np.random.default_rng(20261123)
    rows = []
    for name, (latitude, longitude, height) in SITES.items():
        for _ in range(60):
            frequency = round(float(np.exp(rng.uniform(np.log(2.0), np.log(38.0)))), 3)
            elevation = round(float(rng.uniform(5.0, 90.0)), 3)
            percent = round(float(np.exp(rng.uniform(np.log(0.01), np.log(5.0)))), 4)
            gas, cloud, rain, flicker, total = itur.atmospheric_attenuation_slant_path(
                latitude, longitude, frequency, elevation, percent, 1.0, hs=height, eta=0.65, tau=45.0,
                return_contributions=True,
            )  # fmt: skip
            parts = [round(float(part.value), 5) for part in (gas, cloud, rain, flicker, total)]
            rows.append([name, frequency, elevation, percent, *parts])
    place = ROOT / "tests/data/physics/atmosphere_offgrid.json"
    place.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(place, place.stat().st_size)


if __name__ == "__main__":
    main()
