"""Atoms knocked out of place in gallium arsenide: NIEL of protons and electrons, and slowing down in cover glass.

The non-ionising energy loss with a displacement threshold of 21 eV, for which protons and electrons of one dose (MeV/g)
cost a GaInP/GaAs/Ge cell the same power (Baur, Gervasi, Rancoita et al. 2014, arXiv 1312.0402): Rutherford's
cross-section for protons, McKinley and Feshbach's for electrons, and the share of a recoil that displaces by Lindhard,
Robinson's form. With the older 10 eV that meets the tables of NRL's SCREAM (Messenger, Summers et al.): protons within
4 % from 0.5 to 5 MeV, above which nuclear reactions add; electrons within 20 %, for SCREAM has the whole of Mott's
cross-section. What SCREAM has more is kept when the threshold changes: nuclear damage as a sum, Mott's as a factor.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

THRESHOLD_EV = 21.0
ELECTRON_REST_MEV, PROTON_REST_MEV, ATOMIC_UNIT_MEV = 0.51099895, 938.272088, 931.49410242
"""CODATA 2018."""
AVOGADRO = 6.02214076e23
FINE_STRUCTURE = 7.2973525693e-3
CLASSICAL_RADIUS_CM = 2.8179403262e-13
GALLIUM, ARSENIC = (31.0, 69.723), (33.0, 74.921595)
"""(Z, A) by IUPAC; a molecule of GaAs has one of each."""
SILICA_DENSITY_G_CM3 = 2.2
SCREAM_PROTONS_MEV = np.array(
    [1e-1, 2e-1, 3e-1, 5e-1, 7e-1, 1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100, 200, 300, 500, 1000]
)
SCREAM_PROTONS_NIEL = np.array(
    [
        3.50e-1, 2.05e-1, 1.48e-1, 9.69e-2, 7.26e-2, 5.33e-2, 2.89e-2, 2.00e-2, 1.27e-2, 9.67e-3,
        7.42e-3, 5.27e-3, 4.61e-3, 4.11e-3, 3.81e-3, 3.60e-3, 3.25e-3, 3.08e-3, 3.23e-3, 3.46e-3,
    ]
)  # fmt: skip
"""MeV cm²/g of protons in GaAs, threshold 10 eV: NRL's SCREAM, as the Aerospace Corporation's `solarpy` has it."""
SCREAM_ELECTRONS_MEV = np.array([0.316, 0.398, 0.501, 0.631, 0.794, 1.0, 1.41, 2.0, 2.82, 3.98, 5.01, 7.08, 10.0])
SCREAM_ELECTRONS_NIEL = 1e-5 * np.array(
    [0.329, 0.746, 1.18, 1.65, 2.14, 2.66, 3.52, 4.44, 5.41, 6.43, 7.12, 8.18, 9.24]
)
"""The same of electrons."""


def lindhard_share(recoil_mev: Floats, target: tuple[float, float]) -> Floats:
    """Share of a recoil's energy that displaces atoms of its own kind (Lindhard; Robinson 1970's fit)."""
    z, a = target
    reduced = recoil_mev * 1e6 / (86.931 * z ** (7.0 / 3.0))  # Z1 = Z2, A1 = A2: 30.724·2·√2 Z^(7/3) eV
    k = 0.0793 * z ** (2.0 / 3.0) * z**0.5 * (2.0 * a) ** 1.5 / ((2.0 * z ** (2.0 / 3.0)) ** 0.75 * a**2.0)
    g = 3.4008 * reduced ** (1.0 / 6.0) + 0.40244 * reduced**0.75 + reduced
    return np.asarray(1.0 / (1.0 + k * g))


def _greatest_recoil_mev(energy_mev: Floats, rest_mev: float, a: float) -> Floats:
    mass = a * ATOMIC_UNIT_MEV
    total = energy_mev + rest_mev
    return 2.0 * mass * energy_mev * (energy_mev + 2.0 * rest_mev) / (mass * mass + rest_mev**2 + 2.0 * mass * total)


def coulomb_niel(energy_mev: Floats, rest_mev: float, threshold_ev: float, electron: bool) -> Floats:
    """MeV cm²/g in GaAs, (n,) at energies (n,)."""
    beta2 = 1.0 - (rest_mev / (energy_mev + rest_mev)) ** 2
    beta, gamma2 = np.sqrt(beta2), 1.0 / (1.0 - beta2)
    total = np.zeros_like(energy_mev)
    for z, a in (GALLIUM, ARSENIC):
        most = _greatest_recoil_mev(energy_mev, rest_mev, a)
        least = threshold_ev * 1e-6
        span = np.log(np.maximum(most / least, 1.0))
        s = np.linspace(0.0, 1.0, 400)[:, None]
        recoil = least * np.exp(s * span)
        x = np.minimum(recoil / most, 1.0)
        shape = 1.0 - beta2 * x
        if electron:
            shape = shape + np.pi * FINE_STRUCTURE * z * beta * (np.sqrt(x) - x)
        # dσ/dT = π b² · most/T² · shape, b the distance of closest approach over two
        closest = z * CLASSICAL_RADIUS_CM * (ELECTRON_REST_MEV / rest_mev) / (beta2 * np.sqrt(gamma2))
        per_log = np.pi * closest**2 * most * shape * lindhard_share(recoil, (z, a))
        total += np.trapezoid(per_log * span, s, axis=0) * AVOGADRO
    return total / (GALLIUM[1] + ARSENIC[1])


def electron_niel(energy_mev: ArrayLike, threshold_ev: float = THRESHOLD_EV) -> Floats:
    """NIEL of electrons in GaAs, MeV cm²/g; 0 below the energy that can displace (0.26 MeV at 10 eV, 0.48 at 21)."""
    energy = np.atleast_1d(np.asarray(energy_mev, dtype=np.float64))
    plain = coulomb_niel(SCREAM_ELECTRONS_MEV, ELECTRON_REST_MEV, 10.0, electron=True)
    mott = np.interp(np.log(energy), np.log(SCREAM_ELECTRONS_MEV), SCREAM_ELECTRONS_NIEL / plain)
    return coulomb_niel(energy, ELECTRON_REST_MEV, threshold_ev, electron=True) * mott


def proton_niel(energy_mev: ArrayLike, threshold_ev: float = THRESHOLD_EV) -> Floats:
    """NIEL of protons in GaAs, MeV cm²/g, 1 keV to 1 GeV: SCREAM's, with its threshold of 10 eV changed to this one."""
    energy = np.atleast_1d(np.asarray(energy_mev, dtype=np.float64))
    nuclear = np.maximum(SCREAM_PROTONS_NIEL - coulomb_niel(SCREAM_PROTONS_MEV, PROTON_REST_MEV, 10.0, False), 0.0)
    more = np.interp(np.log(energy), np.log(SCREAM_PROTONS_MEV), np.where(SCREAM_PROTONS_MEV > 5.0, nuclear, 0.0))
    return coulomb_niel(energy, PROTON_REST_MEV, threshold_ev, electron=False) + more


ELECTRON_1MEV_NIEL = float(electron_niel(1.0)[0])
"""MeV cm²/g: the dose of the data sheets' electrons, by which all other doses are counted."""


# Under the cover glass ----------------------------------------------------------------------------------------------

_ZIEGLER = {"O": (2.652, 3.000, 1920.0, 2000.0, 0.0223), "Si": (4.914, 5.598, 3193.0, 232.7, 0.01419)}
"""Andersen and Ziegler 1977 (Hydrogen: Stopping Powers and Ranges): eV per 10¹⁵ atoms/cm², energies in keV."""
_OXYGEN_A, _SILICON_A = 15.999, 28.085
_SILICA_ZA, _SILICA_EXCITATION_EV = 0.49930, 139.2
"""Of fused silica: NIST's tables for ICRU 49."""


def silica_stopping(energy_mev: Floats) -> Floats:
    """Stopping power of fused silica for protons, MeV cm²/g: Andersen and Ziegler with Bragg's rule below 1 MeV, and
    Bethe's formula above 2, one fading into the other."""
    kev = np.maximum(energy_mev * 1e3, 1.0)
    low = np.zeros_like(kev)
    for name, atoms in (("Si", 1.0), ("O", 2.0)):
        a1, a2, a3, a4, a5 = _ZIEGLER[name]
        slow, fast = a2 * kev**0.45, a3 / kev * np.log(1.0 + a4 / kev + a5 * kev)
        low += atoms * np.where(kev < 10.0, a1 * np.sqrt(kev), slow * fast / (slow + fast))
    low *= 1e-6 * 1e-15 * AVOGADRO / (_SILICON_A + 2.0 * _OXYGEN_A)  # of a molecule, in MeV cm²/g
    beta2 = 1.0 - (PROTON_REST_MEV / (energy_mev + PROTON_REST_MEV)) ** 2
    gamma2 = 1.0 / (1.0 - beta2)
    logarithm = np.log(np.maximum(2.0 * ELECTRON_REST_MEV * 1e6 * beta2 * gamma2 / _SILICA_EXCITATION_EV, 1.1))
    bethe = 0.307075 * _SILICA_ZA / beta2 * (logarithm - beta2)
    blend = np.clip(energy_mev - 1.0, 0.0, 1.0)
    return np.asarray((1.0 - blend) * low + blend * bethe)


@cache
def _proton_ranges() -> tuple[Floats, Floats]:
    energy = np.geomspace(1e-3, 1000.0, 6001)
    stopping = silica_stopping(energy)
    steps = np.diff(energy) * 0.5 * (1.0 / stopping[1:] + 1.0 / stopping[:-1])
    return energy, np.concatenate([[0.0], np.cumsum(steps)])


@cache
def _electron_ranges() -> tuple[Floats, Floats]:
    """Practical range in g/cm²: Katz and Penfold 1952 (Rev. Mod. Phys. 24, 28), of aluminium; silica is as heavy."""
    energy = np.geomspace(1e-2, 30.0, 3001)
    slow = 0.412 * energy ** (1.265 - 0.0954 * np.log(energy))
    return energy, np.where(energy < 2.5, slow, 0.530 * energy - 0.106)


def energy_left_mev(energy_mev: Floats, path_g_cm2: Floats, electron: bool) -> Floats:
    """What a particle has left after a path in fused silica, straight ahead (0: it was stopped); shapes broadcast."""
    energy, ranges = _electron_ranges() if electron else _proton_ranges()
    left = np.interp(energy_mev, energy, ranges) - path_g_cm2
    return np.where(left > 0.0, np.interp(left, ranges, energy), 0.0)


def response(energy_mev: Floats, cover_mm: float, electron: bool) -> Floats:
    """Displacement dose in the cell (MeV/g) per omnidirectional particle/cm² outside a cover glass, (n,) at energies
    (n,): the half that comes from the front, at every angle, slowed down straight ahead; the back is shielded."""
    edges = np.linspace(0.0, 1.0, 201)
    cosine = 0.5 * (edges[1:] + edges[:-1])
    path = cover_mm / 10.0 * SILICA_DENSITY_G_CM3 / cosine[:, None]
    left = energy_left_mev(energy_mev[None, :], path, electron)
    niel = electron_niel if electron else proton_niel
    grid = np.geomspace(1e-3, 1000.0, 4001)
    damage = np.interp(np.log(np.maximum(left, 1e-3)), np.log(grid), niel(grid))
    return np.asarray(0.5 * np.where(left > 1e-3, damage, 0.0).mean(axis=0))
