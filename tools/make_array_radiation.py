"""Make src/orbitalcloud/data/physics/array_damage.npz: what AP-8 and AE-8 do to a solar cell under cover glass.

And tests/data/physics/array_damage_offgrid.npz: the same by hand, at places on no node and for glass between the maps'.

    python -m venv /tmp/probe && /tmp/probe/bin/pip install aep8==1.1.0 spacepy==0.7.0
    PYTHONPATH=src /tmp/probe/bin/python tools/make_array_radiation.py      # a minute on one core

The spectra are those of `make_radiation.py`, on the same shells and levels, from 0.1 MeV for protons and 0.05 for
electrons; the dose is the integral of their differential flux with `orbitalcloud.physics.displacement.response`.
"""

from __future__ import annotations

import importlib.util
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from make_radiation import (
    LEVELS,
    MODELS,
    MOMENT_G,
    SHELLS,
    SPECTRUM,
    earth_radii,
    integral_flux,
    magnetic,
    nodes,
    pack,
)

ROOT = Path(__file__).resolve().parents[1]
PHYSICS = ROOT / "src" / "orbitalcloud"
COVERS_MM = np.array([0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0])
FINE = 20  # points between two of the spectrum


def displacement():
    """The module alone: the package's other parts need what this tool's environment does not have."""
    spec = importlib.util.spec_from_file_location("displacement", PHYSICS / "physics" / "displacement.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["displacement"] = module
    spec.loader.exec_module(module)
    return module


def dose_rates(spectra, energies, responses):
    """(n_covers, n_points): the integral of the differential flux, a power law between energies, with the responses."""
    out = np.zeros((len(responses), spectra.shape[1]))
    for k in range(len(energies) - 1):
        inside = np.maximum(spectra[k] - spectra[k + 1], 0.0)
        weights = responses[:, k * FINE : (k + 1) * FINE].mean(axis=1)
        out += weights[:, None] * inside[None, :]
    return out


def finely(energies):
    """FINE energies within each step of the spectrum."""
    share = (np.arange(FINE) + 0.5) / FINE
    return np.concatenate([a * (b / a) ** share for a, b in pairwise(energies)])


def write_test(physics, place, count=400, cover_mm=0.12):
    """Direct answers, without maps."""
    rng = np.random.default_rng(20261124)
    latitude = np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, count)))
    longitude, height = rng.uniform(-180.0, 180.0, count), rng.uniform(400.0, 1950.0, count)
    arrays = {"latitude_deg": latitude, "longitude_deg": longitude, "height_km": height, "cover_mm": cover_mm}
    for which in MODELS:
        kind = "e" if which[0] == "e" else "p"
        strength, shell = magnetic(which, earth_radii(latitude, longitude, height))
        closed = shell < 30.0
        ratio = np.where(closed, strength * shell**3 / MOMENT_G, 1e6)
        spectra = np.where(closed, integral_flux(which, SPECTRUM[kind], ratio, shell), 0.0)
        fine = finely(SPECTRUM[kind])
        arrays[which] = dose_rates(spectra, SPECTRUM[kind], physics.response(fine, cover_mm, kind == "e")[None, :])[0]
    np.savez_compressed(place, **{name: np.float32(value) for name, value in arrays.items()})
    print(place, place.stat().st_size)


def main():
    physics = displacement()
    arrays = {"covers_mm": COVERS_MM}
    with np.load(PHYSICS / "data" / "physics" / "radiation.npz") as archive:
        cutoffs = {which: archive[f"{which}-cutoff"] for which in MODELS}
    for which in MODELS:
        kind = "e" if which[0] == "e" else "p"
        energies = SPECTRUM[kind]
        fine = finely(energies)
        responses = np.stack([physics.response(fine, cover, kind == "e") for cover in COVERS_MM])
        ratio, _ = nodes(cutoffs[which])
        spectra = integral_flux(which, energies, ratio.ravel(), np.repeat(SHELLS, len(LEVELS)))
        dose = dose_rates(spectra, energies, responses)
        lows = np.maximum(dose.max(axis=1) * 1e-12, 1e-30)
        packed = np.stack([pack(row, low) for row, low in zip(dose, lows, strict=True)])
        arrays[f"{which}-log"] = packed.reshape(len(COVERS_MM), len(SHELLS), len(LEVELS))
        arrays[f"{which}-floor"] = lows
    place = PHYSICS / "data" / "physics" / "array_damage.npz"
    np.savez_compressed(place, **arrays)
    print(place, place.stat().st_size)
    write_test(physics, ROOT / "tests" / "data" / "physics" / "array_damage_offgrid.npz")


if __name__ == "__main__":
    main()
