"""Make src/orbitalcloud/data/physics/density.npz and tests/data/physics/density_offgrid.npz.

    python -m venv /tmp/probe && /tmp/probe/bin/pip install pymsis==0.13.0
    /tmp/probe/bin/python tools/make_density.py        # some five minutes on one core

The density is NRLMSIS 2.1's (Emmert et al. 2022, doi 10.1029/2022JA030896) by `pymsis`: F10.7, its 81-day mean and the
daily Ap are passed, so that nothing is fetched. At each node of altitude, F10.7 and Kp the natural logarithm is fitted
by least squares with `basis`: latitude, local solar time and season, the mean then set so that the mean of the density
is kept; longitude is averaged over (random universal times), and F10.7 is taken as equal to its mean.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymsis

ROOT = Path(__file__).resolve().parents[1]
N_ALTITUDES = 36
LOWEST_KM, HIGHEST_KM, STRETCH = 100.0, 1500.0, 0.085  # nodes are even in ln(1 + (h - LOWEST) / scale)
F107 = np.array([60.0, 70.0, 85.0, 105.0, 130.0, 160.0, 200.0, 250.0, 320.0, 400.0])
KP = np.array([0.0, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0])
# Bartels' table (GFZ Potsdam): Kp in thirds, and the equivalent amplitude ap in 2 nT
AP = [0, 2, 3, 4, 5, 6, 7, 9, 12, 15, 18, 22, 27, 32, 39, 48, 56, 67, 80, 94, 111, 132, 154, 179, 207, 236, 300, 400]
SAMPLES = 6000
STEP = 2e-4  # of a coefficient in the packed table
YEAR = 365.2422


def altitudes_km():
    """Nodes from 100 to 1500 km, close where the air thins fast."""
    n = N_ALTITUDES - 1
    scale = (HIGHEST_KM - LOWEST_KM) / np.expm1(STRETCH * n)
    return LOWEST_KM + scale * np.expm1(STRETCH * np.arange(N_ALTITUDES))


def ap_of(kp):
    """The amplitude of a Kp, linear between thirds."""
    return np.interp(kp, np.arange(28) / 3.0, AP)


def basis(latitude_deg, local_time_h, day):
    """(n, 65): by place [zonal 5, diurnal 6, semidiurnal 2], each times the season's [1, cos, sin, cos2, sin2]."""
    s, c = np.sin(np.radians(latitude_deg)), np.cos(np.radians(latitude_deg))
    t, y = 2.0 * np.pi * local_time_h / 24.0, 2.0 * np.pi * day / YEAR
    one = np.ones_like(s)
    zonal = [one, s, 1.5 * s**2 - 0.5, 2.5 * s**3 - 1.5 * s, (35.0 * s**4 - 30.0 * s**2 + 3.0) / 8.0]
    diurnal = [f * wave for f in (c, c * s, c * s * s) for wave in (np.cos(t), np.sin(t))]
    semidiurnal = [c * c * np.cos(2.0 * t), c * c * np.sin(2.0 * t)]
    seasons = [one, np.cos(y), np.sin(y), np.cos(2.0 * y), np.sin(2.0 * y)]
    return np.stack([place * season for place in (*zonal, *diurnal, *semidiurnal) for season in seasons], axis=-1)


def density(day, longitude, latitude, altitude, f107, ap):
    """NRLMSIS 2.1's mass density, kg/m³, by points."""
    dates = np.datetime64("2023-01-01T00:00") + (np.asarray(day) * 86_400.0).astype("timedelta64[s]")
    f107, ap = np.broadcast_to(f107, dates.shape), np.broadcast_to(ap, dates.shape)
    given = (dates, longitude, latitude, np.broadcast_to(altitude, dates.shape), f107, f107, [[a] * 7 for a in ap])
    return pymsis.calculate(*given, version=2.1, geomagnetic_activity=1)[..., pymsis.Variable.MASS_DENSITY]


def places(rng, count):
    """Random day of the year, longitude and latitude, even over the sphere, and the local solar time."""
    day, longitude = rng.uniform(0.0, 365.0, count), rng.uniform(-180.0, 180.0, count)
    latitude = np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, count)))
    return day, longitude, latitude, ((day % 1.0) * 24.0 + longitude / 15.0) % 24.0


def write_package(place):
    """The packaged table: `mean` (n_f107, n_kp, n_altitudes) of ln(kg/m³) and `terms`, the other coefficients."""
    rng = np.random.default_rng(20261123)
    day, longitude, latitude, local = places(rng, SAMPLES)
    terms = basis(latitude, local, day)
    fit = np.linalg.pinv(terms)
    heights = altitudes_km()
    table = np.empty((len(F107), len(KP), len(heights), fit.shape[0]))
    for i, f107 in enumerate(F107):
        for j, kp in enumerate(KP):
            for k, height in enumerate(heights):
                true = density(day, longitude, latitude, height, f107, ap_of(kp))
                table[i, j, k] = fit @ np.log(true)
                # drag goes with the density, not with its logarithm: keep the mean of the density itself
                table[i, j, k, 0] += np.log(true.mean() / np.exp(terms @ table[i, j, k]).mean())
    packed = np.rint(table[..., 1:] / STEP)
    assert np.abs(packed).max() < 32767
    np.savez_compressed(
        place, mean=table[..., 0].astype(np.float32), terms=packed.astype(np.int16), step=STEP,
        altitude_km=heights, f107_sfu=F107, kp=KP, stretch=STRETCH,
    )  # fmt: skip
    print(place, place.stat().st_size)


def write_test(place, count=2000):
    """NRLMSIS 2.1's answers at places that are on no node."""
    rng = np.random.default_rng(7)
    day, longitude, latitude, local = places(rng, count)
    altitude = np.exp(rng.uniform(np.log(110.0), np.log(1400.0), count))
    f107, kp = rng.uniform(65.0, 300.0, count), rng.uniform(0.0, 7.0, count)
    arrays = {
        "altitude_km": altitude, "latitude_deg": latitude, "local_time_h": local, "day": day,
        "f107_sfu": f107, "kp": kp,
        "density_kg_m3": density(day, longitude, latitude, altitude, f107, ap_of(kp)),
    }  # fmt: skip
    np.savez_compressed(place, **{name: value.astype(np.float32) for name, value in arrays.items()})
    print(place, place.stat().st_size)


if __name__ == "__main__":
    write_package(ROOT / "src/orbitalcloud/data/physics/density.npz")
    write_test(ROOT / "tests/data/physics/density_offgrid.npz")
