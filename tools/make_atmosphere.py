"""Make src/orbitalcloud/data/physics/atmosphere.npz: what the air takes from a signal, by station.

    python -m venv /tmp/probe && /tmp/probe/bin/pip install itur==0.4.0
    /tmp/probe/bin/python tools/make_atmosphere.py SITES.csv

Stations are the catalogue's, and the eight sites of the ITU's validation examples (SITES.csv is its
ITURP618-13_A_rain.csv, for their heights and rain rates). Contributions are ITU-R P.676-12 (gases), P.840-7 (cloud),
P.618-13 with P.837-7, P.838-3 and P.839-4 (rain) and P.618-13 (scintillation, antenna of 1 m at 65 %),
for circular polarisation at the catalogue's stations and that of the examples at the ITU's.
"""

from __future__ import annotations

import csv
import sys
import tomllib
import warnings
from pathlib import Path

import itur
import numpy as np
from itur.models import itu840

warnings.simplefilter("ignore")
ROOT = Path(__file__).resolve().parents[1]
FREQUENCY_GHZ = np.array(
    [1.0, 2.2, 3, 4, 5, 6, 7, 8.2, 11, 14.25, 17, 18.5, 20, 21, 22.235, 23.5, 25, 26.5, 29, 32, 36, 40]
)
ELEVATION_DEG = np.array([5.0, 6, 8, 10, 13, 17, 22, 30, 40, 50, 58, 66, 73, 79, 84, 87, 90])
PERCENT = np.array([0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 2.0, 5.0])
COUNTS_DB = 1000.0  # counts per e-fold of 1 + A / 0.001 dB


def sites(examples):
    """(name, latitude, longitude in degrees, height in km, rain rate of 0.01 % or None, tilt of polarisation)."""
    stations = tomllib.loads((ROOT / "src/orbitalcloud/data/catalogue/stations.toml").read_text())
    for name, row in stations.items():
        plain = {k: v["value"] if isinstance(v, dict) else v for k, v in row.items()}
        yield name, plain["latitude_deg"], plain["longitude_deg"], plain["height_m"] / 1e3, None, 45.0
    with open(examples, encoding="latin-1") as file:
        rows = list(csv.DictReader(file))[1:]
    seen = {}
    for row in rows:
        seen.setdefault((row["lat"], row["lon"]), row)
    for (lat, lon), row in seen.items():
        yield f"itu {lat} {lon}", float(lat), float(lon), float(row["hs"]), float(row["R001"]), float(row["tau"])


def contributions(lat, lon, height_km, rain_rate, tilt_deg):
    """Gases, cloud, rain and scintillation in dB, (4, n_frequencies, n_elevations, n_percentages)."""
    out = np.zeros((4, len(FREQUENCY_GHZ), len(ELEVATION_DEG), len(PERCENT)))
    for i, frequency in enumerate(FREQUENCY_GHZ):
        for k, percent in enumerate(PERCENT):
            gas, cloud, rain, scintillation, _ = itur.atmospheric_attenuation_slant_path(
                lat, lon, frequency, ELEVATION_DEG, percent, 1.0, hs=height_km, R001=rain_rate, eta=0.65,
                tau=tilt_deg, return_contributions=True,
            )  # fmt: skip
            for row, part in zip(out, (gas, cloud, rain, scintillation), strict=True):
                row[i, :, k] = np.nan_to_num(np.asarray(part.value, float))
    return np.maximum(out, 0.0)


def main(examples):
    names, tables, cloudy = [], [], []
    for name, lat, lon, height, rain, tilt in sites(examples):
        print(name, flush=True)
        names.append(name)
        tables.append(contributions(lat, lon, height, rain, tilt))
        cloudy.append(float(np.asarray(itu840.lognormal_approximation_coefficient(lat, lon)[2].value).ravel()[0]))
    packed = np.rint(np.log1p(np.array(tables) / 1e-3) * COUNTS_DB).astype(np.uint16)
    place = ROOT / "src/orbitalcloud/data/physics/atmosphere.npz"
    np.savez_compressed(
        place, names=np.array(names), frequency_ghz=FREQUENCY_GHZ, elevation_deg=ELEVATION_DEG, percent=PERCENT,
        log=packed, liquid_cloud_percent=np.array(cloudy),
    )  # fmt: skip
    print(place, place.stat().st_size, dict(zip(names, np.round(cloudy, 1), strict=True)))


if __name__ == "__main__":
    main(sys.argv[1])
