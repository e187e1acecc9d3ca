"""Make data/physics/earth_light.json: the Earth's albedo and infrared as Legendre series in the sine of the latitude.

Usage: python tools/make_earth_light.py GRID, with CERES's 2018 all-sky albedo on a 5° × 5° grid (AVSLab/basilisk
babdff7, supportData/AlbedoData/Earth_ALB_2018_CERES_All_5x5.csv, ISC). Its rows, from −90° to 90°, are averaged over
longitude and fitted to degree 8 with the bands' areas as weights. Season and infrared are Knocke's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

DEGREE = 8
PLACE = Path(__file__).resolve().parents[1] / "src/orbitalcloud/data/physics/earth_light.json"


def main(grid: str) -> None:
    zonal = np.loadtxt(grid, delimiter=",").mean(axis=1)
    edges = np.radians(np.linspace(-90.0, 90.0, len(zonal) + 1))
    area = np.diff(np.sin(edges))
    middle = 0.5 * (np.sin(edges[1:]) + np.sin(edges[:-1]))
    design = np.polynomial.legendre.legvander(middle, DEGREE)
    root = np.sqrt(area)
    fit, *_ = np.linalg.lstsq(design * root[:, None], zonal * root, rcond=None)
    worst = float(np.abs(design @ fit - zonal).max())
    table = {
        "albedo": [round(float(one), 5) for one in fit],
        "albedo_season": [0.0, 0.10],
        "infrared_w_m2": [240.0, 0.0, -61.2],
        "infrared_season_w_m2": [0.0, -23.8],
        "season_zero": "1981-12-22T00:00:00Z",
        "season_days": 365.25,
        "bands": len(zonal),
        "albedo_of_bands": [round(float(one), 4) for one in zonal],
    }
    PLACE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{PLACE}: worst band {worst:.3f}, area mean {fit[0]:.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
