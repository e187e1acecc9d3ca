"""Validation cases of dose by inclination, the solar cycle, displacement damage and the along-track sums."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from orbitalcloud.physics.displacement import (
    PROTON_REST_MEV,
    SCREAM_PROTONS_MEV,
    SCREAM_PROTONS_NIEL,
    coulomb_niel,
    electron_niel,
    proton_niel,
)
from orbitalcloud.physics.radiation import YEAR_S, circular_places, dose_parts_rad_s, mean_flux_cm2_s
from orbitalcloud.physics.radiation_track import Exposed, rates_along
from orbitalcloud.physics.radiation_upsets import devices_of
from validation import row

DATA = Path(__file__).parents[1] / "data" / "physics"
ISS = (400e3, float(np.radians(51.6)))


@lru_cache(maxsize=64)
def _dose(inclination_deg: float, shield_mm: float) -> tuple[float, float]:
    """(protons, all) in rad a year at 550 km."""
    places = circular_places(550e3, float(np.radians(inclination_deg)))
    protons, electrons = (float(part.mean()) * YEAR_S for part in dose_parts_rad_s(*places, shield_mm=shield_mm))
    return protons, protons + electrons


def _spenvis() -> list[dict[str, Any]]:
    table = json.loads((DATA / "spenvis_550km_dose.json").read_text())
    source = "SPENVIS 2023 by Pfandzelter (leo-edge-failure-models): AP-8 MIN, AE-8 MAX, SHIELDOSE-2, five years"
    note = (
        "Same models in another program; orbit, spectrum grid and field tracer differ. The models' own uncertainty is 2"
    )
    found = []
    for name, depths in (("30", (3.0, 5.0, 10.0)), ("55", (1.0, 2.0, 3.0, 5.0, 10.0)), ("80", (1.0, 2.0, 3.0, 10.0))):
        columns = table["by_inclination_deg"][name]
        for depth in depths:
            column = table["mm_al"].index(depth)
            for part, key in ((1, "total"), (0, "protons")):
                theirs = columns[key][column] / 5.0
                found.append(
                    row(
                        f"dose at 550 km, {name}°",
                        source,
                        f"{key} behind {depth:g} mm",
                        "rad(Si)/year",
                        theirs,
                        0.09 * theirs,
                        lambda name=name, depth=depth, part=part: _dose(float(name), depth)[part],
                        note,
                    )
                )
    return found


def _cycle() -> list[dict[str, Any]]:
    """Of solar minimum to maximum, where the interpolation between shells, which differs, mostly cancels."""
    source = "aep8 1.1.0 (AP-8, AE-8 by IRBEM with NASA's interpolation)"
    rows = [
        ("protons over 30 MeV", "proton", 30.0, 10.2024 / 5.70866, 0.25),
        ("electrons over 1 MeV", "electron", 1.0, 369.563 / 868.992, 0.07),
    ]
    return [
        row(
            "the solar cycle on the ISS's orbit",
            source,
            f"{words}: minimum over maximum",
            "",
            theirs,
            share * theirs,
            lambda kind=kind, energy=energy: (
                mean_flux_cm2_s(*ISS, above_mev=energy, particle=kind, solar="min")
                / mean_flux_cm2_s(*ISS, above_mev=energy, particle=kind, solar="max")
            ),
            "Tolerance as of the fluxes themselves, of which these are quotients",
        )
        for words, kind, energy, theirs, share in rows
    ]


def _damage() -> list[dict[str, Any]]:
    chosen = [(e, n) for e, n in zip(SCREAM_PROTONS_MEV, SCREAM_PROTONS_NIEL, strict=True) if 0.5 <= e <= 5.0]
    rutherford = [
        row(
            "displacement damage in GaAs",
            "NRL's SCREAM (Messenger, Summers), threshold 10 eV",
            f"NIEL of {energy:g} MeV protons",
            "MeV cm²/g",
            float(niel),
            0.05 * float(niel),
            lambda energy=energy: float(coulomb_niel(np.array([energy]), PROTON_REST_MEV, 10.0, False)[0]),
            "Rutherford and Lindhard alone, by which the threshold is changed; nuclear reactions add above 5 MeV",
        )
        for energy, niel in chosen
    ]
    return [
        *rutherford,
        row(
            "displacement damage in GaAs",
            "NRL's SCREAM (Messenger, Summers), threshold 10 eV",
            "NIEL of 1 MeV electrons",
            "MeV cm²/g",
            2.66e-5,
            0.25 * 2.66e-5,
            lambda: float(coulomb_niel(np.array([1.0]), 0.51099895, 10.0, True)[0]),
            "McKinley and Feshbach's expansion falls short of Mott's cross-section for heavy atoms; the ratio is kept",
        ),
        row(
            "displacement damage in GaAs",
            "JPL GaAs Solar Cell Radiation Handbook (Anspaugh 1996, JPL 96-9): maximum power",
            "1 MeV electrons that equal a 10 MeV proton",
            "",
            1000.0,
            500.0,
            lambda: float(proton_niel(10.0)[0] / electron_niel(1.0)[0]),
            "Measured on single-junction cells; ours is of the 21 eV fitted to triple junctions (Baur 2014)",
        ),
    ]


@lru_cache(maxsize=1)
def _alsat() -> float:
    """Upsets a bit and day at 686 km, 98.2°, behind 3 mm."""
    sram = devices_of(["sram-4mbit"])
    rates = rates_along(*circular_places(686e3, float(np.radians(98.2))), Exposed(3.0, sram), "mean")
    return float(rates.upsets_s.mean()) * 86400.0 / sram[0].bits


def _flown() -> list[dict[str, Any]]:
    return [
        row(
            "upsets in flight",
            "Bentoutou, eight years of Alsat-1: commercial SRAM at 686 km, sun-synchronous",
            "upsets",
            "1/(bit day)",
            4.04e-7,
            0.05e-7,
            _alsat,
            "No test of the model: the catalogue's cross-section is derived from this rate; here so that it stays so",
        )
    ]


CASES: list[dict[str, Any]] = [*_spenvis(), *_cycle(), *_damage(), *_flown()]
