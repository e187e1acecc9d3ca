"""Radiation: the packaged maps against the programs that made them, the Anomaly where it is, limits and bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import validation
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import HOUR, MINUTE, parse_instant
from orbitalcloud.physics import Orbits, circular, subpoint
from orbitalcloud.physics.radiation import (
    circular_places,
    dose_rate_rad_s,
    flux_at,
    in_anomaly,
    mean_dose_rad_year,
    mean_flux_cm2_s,
    shell_at,
)
from orbitalcloud.physics.radiation_upsets import (
    Device,
    cosmic_flux_at,
    cosmic_flux_free_cm2_s,
    devices,
    exposure,
    penetrating_mev,
    upset_chance_ppt,
    upset_rate_s,
)
from physics import cases_radiation_links

DATA = Path(__file__).parents[1] / "data" / "physics"
HERE = (np.radians(-28.0), np.radians(-45.0), 500e3)  # the heart of the Anomaly of 1964
EAST = (np.radians(28.0), np.radians(100.0), 500e3)


@pytest.mark.parametrize("case", cases_radiation_links.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)


def _offgrid() -> dict[str, Any]:
    with np.load(DATA / "radiation_offgrid.npz") as archive:
        return {name: archive[name].astype(float) for name in archive.files}


def _places(truth: dict[str, Any]) -> tuple[Any, Any, Any]:
    return np.radians(truth["latitude_deg"]), np.radians(truth["longitude_deg"]), truth["height_km"] * 1e3


def _compare(theirs: Any, ours: Any, typical: float, mean: float) -> None:
    strong = theirs > theirs.max() * 1e-3
    assert strong.sum() > 100
    apart = np.abs(ours[strong] / theirs[strong] - 1.0)
    assert np.median(apart) < typical
    assert np.quantile(apart, 0.9) < 15.0 * typical  # cells that the maps' sharp edges cut
    assert ours.sum() == pytest.approx(theirs.sum(), rel=mean)
    assert ours[theirs == 0.0].max() < 1e-3 * theirs.max()  # nothing is made up outside the belts


@pytest.mark.parametrize("solar", ["min", "max"])
@pytest.mark.parametrize(("particle", "energies"), [("proton", (30.0, 100.0)), ("electron", (1.0, 2.0))])
def test_flux_between_the_nodes_is_the_maps(solar: Any, particle: Any, energies: tuple[float, float]) -> None:
    truth = _offgrid()
    for theirs, energy in zip(truth[f"{particle}-{solar}-flux"], energies, strict=True):
        ours = flux_at(*_places(truth), above_mev=energy, particle=particle, solar=solar)
        _compare(theirs, ours, 0.006, 0.01)


def test_dose_between_the_nodes_is_shieldose() -> None:
    truth = _offgrid()
    for row, depth in enumerate((1.0, 2.7, 10.0)):
        for solar in ("min", "max"):
            theirs = truth[f"proton-{solar}-dose"][row] + truth[f"electron-{solar}-dose"][row]
            ours = dose_rate_rad_s(*_places(truth), shield_mm=depth, solar=solar)
            _compare(theirs, ours, 0.01, 0.015)


def test_the_anomaly_is_over_the_south_atlantic_and_drifts_west() -> None:
    latitude, longitude = np.meshgrid(np.radians(np.arange(-60, 61, 1.0)), np.radians(np.arange(-180, 180, 1.0)))
    then, now = flux_at(latitude, longitude, 500e3), flux_at(latitude, longitude, 500e3, year=2026.0)
    peak = [float(np.degrees((x * then).sum() / then.sum())) for x in (latitude, longitude)]
    later = [float(np.degrees((x * now).sum() / now.sum())) for x in (latitude, longitude)]
    assert -40.0 < peak[0] < -20.0
    assert -50.0 < peak[1] < -25.0
    assert later[1] - peak[1] == pytest.approx(-0.28 * 62.0, abs=0.5)  # Badhwar 1997
    assert later[0] - peak[0] == pytest.approx(0.08 * 62.0, abs=0.5)
    inside = in_anomaly(latitude, longitude, 500e3)
    assert inside.any()
    assert np.degrees(latitude[inside]).max() < 5.0
    assert np.degrees(longitude[inside]).min() > -110.0
    assert np.degrees(longitude[inside]).max() < 50.0
    assert in_anomaly(*HERE)
    assert not in_anomaly(*EAST)


def test_a_satellite_meets_the_anomaly_at_a_time() -> None:
    epoch = parse_instant("2026-03-20T00:00:00Z")
    orbits = Orbits.of(
        [circular(550e3, np.radians(53.0), epoch, raan_rad=0.0), circular(550e3, 0.01, epoch, raan_rad=0.0)]
    )
    times = np.arange(epoch, epoch + 24 * HOUR, MINUTE)
    place = subpoint(orbits, times)
    flux, inside = flux_at(*place, year=2026.2), in_anomaly(*place, year=2026.2)
    assert flux.shape == inside.shape == (2, len(times))
    entries = (np.diff(inside.astype(int), axis=1) == 1).sum(axis=1)
    assert 5 <= entries[0] <= 12  # of fifteen orbits, those that cross it
    assert flux[0].max() > 300.0
    assert dose_rate_rad_s(*place, shield_mm=3.0)[0].max() > 0.0


def test_more_height_less_shield_and_quiet_sun_mean_more_protons() -> None:
    for particle in ("proton", "electron"):
        fluxes = [
            mean_flux_cm2_s(h, 0.9, particle=particle, above_mev=30.0 if particle == "proton" else 1.0)
            for h in (4e5, 7e5, 1.2e6)
        ]
        assert fluxes == sorted(fluxes)
    doses = [mean_dose_rad_year(5.5e5, 0.925, shield_mm=mm) for mm in (0.1, 0.3, 1.0, 2.0, 4.0, 7.0, 12.0, 30.0)]
    assert doses == sorted(doses, reverse=True)
    low = [mean_flux_cm2_s(5e5, 0.9, solar=solar) for solar in ("min", "max")]
    assert low[0] > low[1]  # the swollen atmosphere of a maximum eats protons
    assert mean_dose_rad_year(5e5, 0.9, shield_mm=1.0, solar="worst") >= mean_dose_rad_year(
        5e5, 0.9, shield_mm=1.0, solar="max"
    )


def test_an_equatorial_orbit_is_nearly_spared() -> None:
    assert mean_dose_rad_year(5e5, 0.0, shield_mm=3.0) < 0.1 * mean_dose_rad_year(5e5, np.radians(30.0), shield_mm=3.0)


def test_longitude_wraps_and_shapes_broadcast() -> None:
    once = flux_at(HERE[0], HERE[1], HERE[2])
    assert once.shape == ()
    assert flux_at(HERE[0], HERE[1] + 2.0 * np.pi, HERE[2]) == pytest.approx(float(once), rel=1e-12)
    assert flux_at(np.full((3, 1), HERE[0]), np.full((1, 4), HERE[1]), HERE[2]).shape == (3, 4)
    assert flux_at(np.empty((0, 5)), np.empty((0, 5)), np.empty((0, 5))).shape == (0, 5)
    seam = flux_at(np.radians(-20.0), np.radians([179.999999, -179.999999, 180.0]), 1.5e6)
    assert np.ptp(seam) < 1e-4 * seam.max()
    assert np.isfinite(shell_at([-np.pi / 2, np.pi / 2], [0.0, 1.0], 500e3)).all()


def test_circular_places_fill_the_orbit_evenly() -> None:
    latitude, longitude, height = circular_places(500e3, np.radians(60.0))
    assert np.degrees(np.abs(latitude)).max() == pytest.approx(60.1, abs=0.2)  # geodetic is a little more
    assert abs(np.sin(latitude).mean()) < 1e-3
    assert np.abs(np.histogram(longitude, 12, (-np.pi, np.pi))[0] / (20_000 / 12) - 1.0).max() < 0.02
    assert height.min() > 499e3


def test_cosmic_rays_know_the_cutoff_and_the_cycle() -> None:
    assert cosmic_flux_free_cm2_s(30.0, "min") > 1.5 * cosmic_flux_free_cm2_s(30.0, "max")
    pole, equator = cosmic_flux_at([1.4, 0.0], 0.0, 500e3)
    assert pole > 8.0 * equator > 0.0
    assert pole < float(cosmic_flux_free_cm2_s(30.0))


def test_upsets_are_mostly_in_the_anomaly_and_add_up() -> None:
    found = exposure(650e3, np.radians(98.0), devices()["gpu-commercial"], shield_mm=5.0)
    assert found.upsets_day == pytest.approx(found.upsets_day_in_anomaly + found.upsets_day_outside)
    assert found.upsets_day_in_anomaly > 5.0 * found.upsets_day_outside
    assert 0.05 < found.share_of_time_in_anomaly < 0.15
    rate = upset_rate_s(*HERE, devices()["gpu-commercial"], shield_mm=5.0)
    assert rate > 100.0 * upset_rate_s(*EAST, devices()["gpu-commercial"], shield_mm=5.0)


def test_chances_are_integers() -> None:
    assert upset_chance_ppt([0.0, 2e-3, 1e9], 10**9).tolist() == [0, 1_998_001_333, 10**12]
    assert upset_chance_ppt(1e-9, 10**9).dtype == np.int64


def test_a_shield_stops_slow_protons() -> None:
    assert penetrating_mev(20.0, 0.0) == pytest.approx(20.0, rel=1e-6)
    assert penetrating_mev(20.0, 10.0) == pytest.approx(53.3, abs=0.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: flux_at(2.0, 0.0, 500e3),
        lambda: flux_at(0.0, 90.0, 500e3),
        lambda: flux_at(0.0, 0.0, 50e3),
        lambda: flux_at(0.0, 0.0, 3e6),
        lambda: flux_at(float("nan"), 0.0, 500e3),
        lambda: flux_at(0.0, 0.0, 500e3, above_mev=5.0),
        lambda: flux_at(0.0, 0.0, 500e3, above_mev=float("nan")),
        lambda: flux_at(0.0, 0.0, 500e3, particle="muon"),  # type: ignore[arg-type]
        lambda: flux_at(0.0, 0.0, 500e3, solar="average"),  # type: ignore[arg-type]
        lambda: flux_at(0.0, 0.0, 500e3, year=3000.0),
        lambda: dose_rate_rad_s(0.0, 0.0, 500e3, shield_mm=0.0),
        lambda: dose_rate_rad_s(0.0, 0.0, 500e3, shield_mm=100.0),
        lambda: mean_dose_rad_year(3e6, 1.0, shield_mm=3.0),
        lambda: mean_dose_rad_year(5e5, 4.0, shield_mm=3.0),
        lambda: circular_places(5e5, 1.0, samples=1),
        lambda: Device("x", "", "", -1.0, 20.0, False, "", ""),
        lambda: Device("x", "", "", 1e-9, 1.0, False, "", ""),
        lambda: upset_rate_s(0.0, 0.0, 5e5, devices()["gpu-commercial"], shield_mm=-1.0),
        lambda: upset_chance_ppt(-1.0, 10**9),
    ],
)
def test_nonsense_is_refused(call: Any) -> None:
    with pytest.raises(DataError):
        call()
