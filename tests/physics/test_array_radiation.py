"""Dose by orbit against SPENVIS, rates along tracks against the plain functions, what the belts take from an array."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import validation
from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.array_radiation import (
    CELLS,
    damage_rate_cm2_s,
    remaining_power,
    through,
    yearly_fluence,
)
from orbitalcloud.physics.displacement import (
    ELECTRON_1MEV_NIEL,
    electron_niel,
    energy_left_mev,
    proton_niel,
    response,
    silica_stopping,
)
from orbitalcloud.physics.radiation import circular_places, dose_rate_rad_s, flux_at, mean_dose_rad_year
from orbitalcloud.physics.radiation_track import Exposed, charted, rates_along
from orbitalcloud.physics.radiation_upsets import devices, devices_of, upset_rate_s
from physics import cases_radiation2

DATA = Path(__file__).parents[1] / "data" / "physics"
SSO = (550e3, math.radians(97.6))


@pytest.mark.parametrize("case", cases_radiation2.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)


# Along tracks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("activity", "solars"), [("minimum", "min"), ("maximum", "max"), ("mean", None)])
def test_rates_along_are_those_of_the_plain_functions(activity: Any, solars: Any) -> None:
    places = tuple(part[:2000] for part in circular_places(600e3, 1.7))
    chosen = devices_of(["jetson-module", "sram-4mbit", "tpu-v6e-core"])
    ours = rates_along(*places, Exposed(2.5, chosen), activity)
    cycle = [solars] if solars else ["min", "max"]
    assert ours.dose_rad_s == pytest.approx(
        np.mean([dose_rate_rad_s(*places, shield_mm=2.5, solar=s) for s in cycle], axis=0)
    )
    assert ours.flux_cm2_s == pytest.approx(np.mean([flux_at(*places, solar=s) for s in cycle], axis=0))
    for row, device in enumerate(chosen):
        theirs = np.mean([upset_rate_s(*places, device, shield_mm=2.5, solar=s) for s in cycle], axis=0)
        assert ours.upsets_s[row] == pytest.approx(theirs)


def test_rates_along_know_the_year_and_the_shape() -> None:
    latitude, longitude, height = (part[:600].reshape(3, 200) for part in circular_places(600e3, 1.7))
    exposed = Exposed(2.5, devices_of(["jetson-module"]))
    ours = rates_along(latitude, longitude, height, exposed, "minimum", year=2026.0)
    assert ours.upsets_s.shape == (1, 3, 200)
    assert ours.flux_cm2_s == pytest.approx(flux_at(latitude, longitude, height, year=2026.0))
    none = rates_along(latitude, longitude, height, Exposed(2.5), "minimum")
    assert none.upsets_s.shape == (0, 3, 200)


def test_low_over_the_equator_there_is_no_anomaly() -> None:
    """SPENVIS: under 0.1 rad a year behind 3 mm at 550 km; the maps' own edges make no more of it."""
    assert mean_dose_rad_year(550e3, 0.0, shield_mm=3.0) < 0.5
    assert yearly_fluence(450e3, 0.0).total_cm2 < 1e-3 * yearly_fluence(450e3, math.radians(51.6)).total_cm2


def test_the_tables_have_an_end() -> None:
    assert charted([99e3, 100e3, 2000e3, 2001e3]).tolist() == [False, True, True, False]
    assert not charted(float("nan"))


# Displacement -------------------------------------------------------------------------------------------------------


def _offgrid() -> dict[str, Any]:
    with np.load(DATA / "array_damage_offgrid.npz") as archive:
        return {name: archive[name].astype(float) for name in archive.files}


@pytest.mark.parametrize("solar", ["min", "max"])
def test_damage_between_the_nodes_is_the_integral_of_the_spectrum(solar: Any) -> None:
    truth = _offgrid()
    places = np.radians(truth["latitude_deg"]), np.radians(truth["longitude_deg"]), truth["height_km"] * 1e3
    for kind, ours in zip(
        ("proton", "electron"),
        damage_rate_cm2_s(*places, cover_mm=float(truth["cover_mm"]), solar=solar),
        strict=True,
    ):
        theirs = truth[f"{kind}-{solar}"] / ELECTRON_1MEV_NIEL
        strong = theirs > theirs.max() * 1e-3
        assert strong.sum() > 100
        assert np.median(np.abs(ours[strong] / theirs[strong] - 1.0)) < 0.01
        assert ours.sum() == pytest.approx(theirs.sum(), rel=0.01)


def test_thresholds_and_energies_order_the_damage() -> None:
    assert electron_niel(0.2)[0] == 0.0
    assert electron_niel(0.4)[0] == 0.0  # under 0.48 MeV nothing reaches 21 eV
    assert electron_niel(0.4, 10.0)[0] > 0.0
    assert proton_niel(1.0, 10.0)[0] > proton_niel(1.0, 21.0)[0] > 0.0
    falling = proton_niel(np.geomspace(0.01, 100.0, 40))
    assert (np.diff(falling) < 0.0).all()


def test_glass_stops_what_it_should() -> None:
    path = 0.01 * 2.2  # 100 µm of silica in g/cm²
    left = energy_left_mev(np.array([2.0, 3.0, 5.0, 50.0]), np.array([path]), electron=False)
    assert left[:2].tolist() == [0.0, 0.0]
    assert 0.0 < left[2] < 5.0
    assert left[3] == pytest.approx(50.0 - path * silica_stopping(np.array([50.0]))[0], rel=1e-3)
    assert energy_left_mev(np.array([0.05]), np.array([path]), electron=True)[0] == 0.0
    assert energy_left_mev(np.array([1.0]), np.array([path]), electron=True)[0] == pytest.approx(0.96, abs=0.02)
    bare, covered = (response(np.array([8.0]), mm, False)[0] for mm in (1e-6, 0.1))
    assert bare == pytest.approx(0.5 * proton_niel(8.0)[0], rel=0.02)  # half the sky
    assert covered > bare  # slower, and so worse


# Power --------------------------------------------------------------------------------------------------------------


def test_the_curve_goes_through_its_makers_points() -> None:
    cell = CELLS["xtj"]
    assert cell.remaining(0.0) == 1.0
    assert cell.remaining(1e14) == pytest.approx(0.95, abs=1e-6)
    assert cell.remaining(5e14) == pytest.approx(0.89, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(f1=st.floats(1e12, 1e15), times=st.floats(2.0, 50.0), lost=st.floats(0.01, 0.2), bend=st.floats(0.3, 0.95))
def test_any_two_points_that_bend_make_a_curve(f1: float, times: float, lost: float, bend: float) -> None:
    more = lost * (1.0 + bend * (min(times, 4.0) - 1.0) * 0.9)
    cell = through("x", ((f1, 1.0 - lost), (times * f1, 1.0 - more)), "made up")
    assert cell.remaining(f1) == pytest.approx(1.0 - lost, abs=1e-6)
    assert cell.remaining(times * f1) == pytest.approx(1.0 - more, abs=1e-6)


def test_more_height_years_and_less_glass_cost_more_power() -> None:
    by_height = [remaining_power(h, SSO[1], 5.0) for h in (4e5, 6e5, 9e5, 1.4e6)]
    by_year = [remaining_power(*SSO, years) for years in (0.0, 1.0, 5.0, 15.0)]
    by_glass = [remaining_power(9e5, SSO[1], 10.0, cover_mm=mm) for mm in (0.5, 0.15, 0.1, 0.05)]
    for shares in (by_height, by_year, by_glass):
        assert shares == sorted(shares, reverse=True)
        assert len(set(shares)) == len(shares)
    assert by_year[0] == 1.0
    assert 0.99 < by_year[2] < 1.0  # low orbits: radiation takes little, cycling and ultraviolet the rest
    assert by_height[-1] < 0.95  # in the belt's foot it is what takes the most


@pytest.mark.parametrize(
    "call",
    [
        lambda: remaining_power(550e3, 1.0, -1.0),
        lambda: remaining_power(550e3, 1.0, float("nan")),
        lambda: remaining_power(550e3, 1.0, 5.0, cell="sunpower"),
        lambda: remaining_power(550e3, 1.0, 5.0, cover_mm=5.0),
        lambda: remaining_power(550e3, 1.0, 5.0, cover_mm=0.0),
        lambda: remaining_power(3e6, 1.0, 5.0),
        lambda: remaining_power(float("nan"), 1.0, 5.0),
        lambda: CELLS["xtj"].remaining(-1.0),
        lambda: through("x", ((1e14, 0.9), (5e14, 0.95)), ""),
        lambda: through("x", ((1e14, 0.95), (2e14, 0.5)), ""),
        lambda: through("x", ((1e14, 0.95), (1e15, 0.9499)), ""),
        lambda: through("x", ((1e14, float("nan")), (1e15, 0.9)), ""),
        lambda: Exposed(-1.0),
        lambda: Exposed(float("nan")),
        lambda: Exposed(100.0),
        lambda: devices_of(["gpu-imaginary"]),
        lambda: rates_along(0.0, 0.0, 5e5, Exposed(2.0), "stormy"),  # type: ignore[arg-type]
        lambda: rates_along(0.0, 0.0, 3e6, Exposed(2.0)),
    ],
)
def test_nonsense_is_refused(call: Any) -> None:
    with pytest.raises(DataError):
        call()


def test_every_device_says_where_it_comes_from() -> None:
    for device in devices().values():
        assert device.source
        assert device.confidence in {"measured", "derived", "assumption"}
        assert bool(device.tolerance_rad) == bool(device.tolerance_source)
