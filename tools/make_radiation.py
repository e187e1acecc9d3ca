"""Make src/orbitalcloud/data/physics/radiation.npz and tests/data/physics/radiation_offgrid.npz.

    python -m venv /tmp/probe && /tmp/probe/bin/pip install aep8==1.1.0 spacepy==0.7.0
    /tmp/probe/bin/python tools/make_radiation.py        # some five minutes on one core

The magnetic coordinates are those of `aep8` (IRBEM: Jensen and Cain 1960 for AP-8 MIN and AE-8, GSFC 12/66 at 1970 for
AP-8 MAX). The fluxes are NASA's AE-8 and AP-8 by IRBEM, in `spacepy`, with ESA's interpolation (Daly et al. 1996,
IEEE Trans. Nucl. Sci. 43(2)), the one made for low altitudes: with it SPENVIS's dose curve is met. Doses are
SHIELDOSE-2's (Seltzer 1994) at the centre of an aluminium sphere, silicon, with nuclear attenuation and local
deposition (option 2).
"""

from __future__ import annotations

import ctypes
import warnings
from importlib.resources import files
from pathlib import Path

import numpy as np
import spacepy.irbempy as irbem
from aep8 import _irbem as field

warnings.simplefilter("ignore")
ROOT = Path(__file__).resolve().parents[1]
MOMENT_G = 0.311653  # McIlwain's, in which the maps are drawn
STEP_DEG, HEIGHTS_KM = 5.0, np.arange(100.0, 2101.0, 200.0)
LOWEST_B_G = 0.110  # below the weakest field anywhere under 2,000 km
SHELLS = np.concatenate(
    [np.arange(1.0, 1.4, 0.02), np.arange(1.4, 2.5, 0.05), np.arange(2.5, 8.0, 0.1), np.arange(8.0, 12.01, 0.25)]
)
LEVELS = np.linspace(0.0, 1.0, 49)
PROTON_MEV = np.array([10.0, 15, 20, 30, 40, 50, 70, 100, 150, 200, 300])
ELECTRON_MEV = np.array([0.5, 1.0, 2.0, 3.0])
DEPTHS_MM = np.array([0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30])
MODELS = {"electron-min": 1, "electron-max": 2, "proton-min": 3, "proton-max": 4}
SPECTRUM = {"p": np.geomspace(0.1, 399.0, 75), "e": np.geomspace(0.0501, 6.99, 75)}
DECADE = 2000.0  # counts of a decade in the packed tables
# SHIELDOSE differentiates over the depths that it is given: even steps, fine, and reaching beyond what is kept
FINE_MM = np.geomspace(0.05, 60.0, 71)
_LIBRARY = ctypes.CDLL(str(next((files("spacepy") / "irbempy").glob("libirbem*"))))
_MOST = 100_000


def earth_radii(latitude_deg, longitude_deg, height_km):
    """Geocentric position in IRBEM's Earth radii, (3, ...), of WGS 84 coordinates."""
    e2 = (2.0 - 1.0 / 298.257223563) / 298.257223563
    lat, lon, height = (np.asarray(x, float) for x in (latitude_deg, longitude_deg, height_km))
    lat, lon = np.radians(lat), np.radians(lon)
    normal = 6378.137 / np.sqrt(1.0 - e2 * np.sin(lat) ** 2)
    out = (normal + height) * np.cos(lat)
    up = (normal * (1.0 - e2) + height) * np.sin(lat)
    return np.stack(np.broadcast_arrays(out * np.cos(lon), out * np.sin(lon), up)) / 6378.1


def magnetic(which, position):
    """(field in gauss, shell L) at positions in Earth radii (3, ...); L is 30 where IRBEM finds no field line."""
    call = field.geomag4 if which == "proton-max" else field.geomag3
    ratio, shell = call(0, *position)
    open_ = ~((shell > 0.5) & (shell < 30.0))
    strength = ratio * MOMENT_G / np.where(open_, np.nan, shell) ** 3
    return strength, np.where(open_, 30.0, shell)


def integral_flux(which, energies_mev, ratio, shell):
    """Omnidirectional flux above each energy, cm⁻² s⁻¹, (n_energies, n_points)."""
    out = np.zeros((len(energies_mev), len(shell)))
    b0, lshell = np.zeros(_MOST), np.zeros(_MOST)
    b0[: len(shell)], lshell[: len(shell)] = ratio, shell
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)  # noqa: E731
    number = lambda value: ctypes.byref(ctypes.c_int(value))  # noqa: E731
    for first in range(0, len(energies_mev), 25):
        part = energies_mev[first : first + 25]
        energy, flux = np.zeros((25, 2)), np.zeros((25, _MOST))
        energy[: len(part), 0] = part
        _LIBRARY.get_ae8_ap8_flux_(
            number(len(shell)), number(-MODELS[which]), number(3), number(len(part)),
            pointer(energy), pointer(b0), pointer(lshell), pointer(flux),
        )  # fmt: skip
        out[first : first + 25] = np.maximum(flux[: len(part), : len(shell)], 0.0)
    return out


def dose_rad_s(kind, flux, depths_mm=DEPTHS_MM):
    """Dose rate in silicon at the centre of aluminium spheres, rad/s, of an integral spectrum on SPECTRUM[kind]."""
    energy = SPECTRUM[kind]
    differential, centre = (flux[:-1] - flux[1:]) / np.diff(energy), np.sqrt(energy[1:] * energy[:-1])
    good = np.nonzero(differential > 0.0)[0]
    if len(good) < 3:
        return np.zeros(len(depths_mm))
    fine = np.geomspace(centre[good[0]], centre[good[-1]], 301)
    spectrum = np.exp(np.interp(np.log(fine), np.log(centre[good]), np.log(differential[good])))
    model, nothing = irbem.Shieldose2(), np.full(301, 1e-60)
    model.set_shielding(FINE_MM, units="mm")
    grids = {"e": np.geomspace(0.05, 7.0, 301), "p_tr": np.geomspace(0.1, 400.0, 301)}
    own = "e" if kind == "e" else "p_tr"
    for species, grid in grids.items():
        model.set_flux(spectrum if species == own else nothing, fine if species == own else grid, species)
    model.set_flux(nothing, grids["p_tr"], "p_un")
    model.get_dose(detector=3, nucmeth=2)
    parts = ["dose_proton_trapped"] if kind == "p" else ["dose_electron", "dose_bremsstrahlung"]
    half = sum(np.array(model.results[part])[:, 2] for part in parts)  # SHIELDOSE prints half the sphere's dose
    return 2.0 * np.exp(np.interp(np.log(depths_mm), np.log(FINE_MM), np.log(np.maximum(half, 1e-300))))


def nodes(cutoff):
    """B/B0 of the table's nodes, (n_shells, n_levels): evenly spaced in Daly's angle from LOWEST_B_G to the cutoff."""
    floor = np.maximum(LOWEST_B_G * SHELLS**3 / MOMENT_G, 1.0)
    floor = np.minimum(floor, cutoff - 1e-3 * np.maximum(cutoff - 1.0, 1e-2))
    span = np.maximum(cutoff - 1.0, 1e-3)
    low = np.arcsin(np.clip((floor - 1.0) / span, 0.0, 1.0))
    angle = low[:, None] + (np.pi / 2 - low[:, None]) * LEVELS
    return 1.0 + span[:, None] * np.sin(angle), floor


def cutoffs(which):
    """Greatest B/B0 with any flux, by shell."""
    found = []
    for shell in SHELLS:
        ratio = np.linspace(1.0, 1.0 + 1.3 * max(0.6572 * shell**3.452 - 0.8, 0.05), 20_000)
        energy = [SPECTRUM["e"][0], 0.5, 1.0] if which[0] == "e" else [SPECTRUM["p"][0], 10.0, 50.0]
        some = (integral_flux(which, energy, ratio, np.full(len(ratio), shell)) > 0).any(axis=0)
        found.append(ratio[some].max() if some.any() else 1.02)
    return np.array(found)


def pack(values, floor):
    """uint16 logarithms: 0 is nothing, 1 + DECADE · log10(value / floor)."""
    counts = np.rint(DECADE * np.log10(np.maximum(values, 1e-300) / floor)) + 1.0
    return np.where(values > floor, np.clip(counts, 1, 65535), 0).astype(np.uint16)


def table(which):
    """Packed fluxes and doses of a model, (n_channels, n_shells, n_levels), with their floors."""
    kind = "e" if which[0] == "e" else "p"
    cutoff = cutoffs(which)
    ratio, floor = nodes(cutoff)
    shells = np.repeat(SHELLS, len(LEVELS))
    energies = ELECTRON_MEV if kind == "e" else PROTON_MEV
    flux = integral_flux(which, energies, ratio.ravel(), shells)
    spectra = integral_flux(which, SPECTRUM[kind], ratio.ravel(), shells)
    dose = np.array([dose_rad_s(kind, spectra[:, k]) for k in range(len(shells))]).T
    channels = np.concatenate([flux, dose])
    lows = np.maximum(channels.max(axis=1) * 1e-12, 1e-30)
    lows[: len(energies)] = 0.5  # the maps end at one particle
    packed = np.stack([pack(c, low) for c, low in zip(channels, lows, strict=True)])
    shape = (len(channels), len(SHELLS), len(LEVELS))
    return {"log": packed.reshape(shape), "floor": lows, "cutoff": cutoff, "lowest": floor}


def grid(which):
    """Packed field strength and 1/L, each (n_latitudes, n_longitudes, n_heights) of uint16."""
    latitude = np.arange(-90.0, 90.1, STEP_DEG)
    longitude = np.arange(-180.0, 180.0, STEP_DEG)
    strength, shell = magnetic(which, earth_radii(*np.meshgrid(latitude, longitude, HEIGHTS_KM, indexing="ij")))
    strength = np.where(np.isfinite(strength), strength, 0.5)
    inverse = np.clip(1.0 / shell, 0.0, 1.2)
    return {"field": np.rint(strength * 1e5).astype(np.uint16), "inverse": np.rint(inverse * 5e4).astype(np.uint16)}


def write_package(place):
    """The packaged tables."""
    arrays = {
        "shells": SHELLS, "levels": LEVELS, "proton_mev": PROTON_MEV, "electron_mev": ELECTRON_MEV,
        "depths_mm": DEPTHS_MM, "heights_km": HEIGHTS_KM,
    }  # fmt: skip
    for which in MODELS:
        arrays |= {f"{which}-{name}": value for name, value in table(which).items()}
    for epoch, which in (("1960", "proton-min"), ("1970", "proton-max")):
        arrays |= {f"{name}-{epoch}": value for name, value in grid(which).items()}
    np.savez_compressed(place, **arrays)
    print(place, place.stat().st_size)


def write_test(place, count=1500):
    """Direct answers at places that are on no node, and of circular orbits."""
    rng = np.random.default_rng(20261123)
    latitude = np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, count)))
    longitude, height = rng.uniform(-180.0, 180.0, count), rng.uniform(250.0, 1950.0, count)
    arrays = {"latitude_deg": latitude, "longitude_deg": longitude, "height_km": height}
    for which in MODELS:
        kind = "e" if which[0] == "e" else "p"
        strength, shell = magnetic(which, earth_radii(latitude, longitude, height))
        closed = shell < 30.0
        ratio = np.where(closed, strength * shell**3 / MOMENT_G, 1e6)
        energies = [1.0, 2.0] if kind == "e" else [30.0, 100.0]
        arrays[f"{which}-flux"] = np.where(closed, integral_flux(which, energies, ratio, shell), 0.0)
        spectra = np.where(closed, integral_flux(which, SPECTRUM[kind], ratio, shell), 0.0)
        dose = [dose_rad_s(kind, spectra[:, k], np.array([1.0, 2.7, 10.0])) for k in range(count)]
        arrays[f"{which}-dose"] = np.array(dose).T
    np.savez_compressed(place, **{name: value.astype(np.float32) for name, value in arrays.items()})
    print(place, place.stat().st_size)


if __name__ == "__main__":
    write_package(ROOT / "src/orbitalcloud/data/physics/radiation.npz")
    write_test(ROOT / "tests/data/physics/radiation_offgrid.npz")
