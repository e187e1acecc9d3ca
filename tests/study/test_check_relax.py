"""What would relax a margin: the sheet's word is kept by the mission file that is changed so."""

from __future__ import annotations

import json
from functools import lru_cache

import pytest

from orbitalcloud.mission import load
from orbitalcloud.study import Margin, Relaxer, SatelliteSheet, Sheet, as_json, check
from small_missions import SMALL, load_text

HOT = SMALL.replace("reserve = 0.35", "reserve = 0.8\nheat.payload.hot_limit_c = 24")
WORK = (
    HOT
    + """
[[job]]
name = "burst"
modelled = { operations = 4_000_000_000_000_000, precision = "int8", input_bytes = 0, output_bytes = 200_000 }
every = "orbit"
submit_at = "on-board"
deadline_min = 300
"""
)
THIN = SMALL.replace('radio = "s-band-duplex"', 'band = "s"\nup_kbps = 1\ndown_kbps = 1', 1)
BUS_BATTERY_WH, BUS_RADIATOR_M2, BUS_IDLE_W = 77.0, 0.068, 16.0  # cubesat-12u-edge of the catalogue


@lru_cache(maxsize=8)
def sheet_of(text: str) -> Sheet:
    return check(load_text(text), later=False, relax=text in (WORK, THIN))


@lru_cache(maxsize=1)
def genesis() -> Sheet:
    return check(load("genesis-1"))


def one(text: str) -> SatelliteSheet:
    return sheet_of(text).satellites[0]


def relaxer(knob: str, margin: str) -> Relaxer:
    found = [item for item in one(WORK).relaxers if (item.knob, item.margin) == (knob, margin)]
    assert found, [(item.knob, item.margin) for item in one(WORK).relaxers]
    return found[0]


def margin(sheet: SatelliteSheet, key: str) -> Margin:
    return next(item for item in sheet.margins if item.key == key and item.scope == "mission")


def changed(item: Relaxer) -> str:
    """The mission file with the change that the relaxer speaks of."""
    match item.knob:
        case "battery_wh":
            line = f"battery = {{ capacity_wh = {BUS_BATTERY_WH + item.amount!r} }}"
        case "radiator_m2":
            area = BUS_RADIATOR_M2 + item.amount
            face = f"{{ area_m2 = {area!r}, normal = [0.0, -1.0, 0.0], absorptivity = 0.2, emissivity = 0.9 }}"
            line = f"heat.radiator.faces = [{face}]"
        case "idle_w":
            line = f"idle_w = {BUS_IDLE_W + item.amount!r}"
        case _:
            raise AssertionError(item.knob)
    return WORK.replace("reserve = 0.8", f"reserve = 0.8\n{line}")


def test_something_relaxes_each_of_the_tightest_margins() -> None:
    sheet = one(WORK)
    tightest = sorted((m for m in sheet.margins if m.scope == "mission"), key=lambda m: m.share)[:2]
    assert {m.key for m in tightest} <= {item.margin for item in sheet.relaxers}
    for item in sheet.relaxers:
        assert item.share_after > item.share_before
        assert "margin +" in item.text


@pytest.mark.parametrize(
    ("knob", "key"),
    [
        ("battery_wh", "lowest_charge_pct"),
        ("radiator_m2", "payload_hottest_c"),
        ("idle_w", "lowest_charge_pct"),
    ],
)
def test_the_changed_mission_file_says_the_same(knob: str, key: str) -> None:
    item = relaxer(knob, key)
    before, after = margin(one(WORK), key), margin(one(changed(item)), key)
    assert before.value == item.value_before
    assert after.value == pytest.approx(item.value_after, abs=1e-6)
    assert after.share == pytest.approx(item.share_after, abs=1e-9)
    assert after.share > before.share


def test_a_disposal_that_fails_says_what_area_or_altitude_would_do() -> None:
    (sheet,) = genesis().satellites
    found = {item.knob: item for item in sheet.relaxers if item.margin == "lifetime_years"}
    assert set(found) == {"drag_area_m2", "altitude_km"}
    area = found["drag_area_m2"].amount + sheet.value("life.tumbling_area_m2")
    altitude = found["altitude_km"].amount + sheet.value("orbit.altitude_km")
    # lifetime goes about as mass over area; a circular 12U at 480 km is down in five years of a mean cycle
    years = next(one.value for one in sheet.margins if one.key == "lifetime_years")
    assert 1.5 < area / sheet.value("life.tumbling_area_m2") < 2.0 * years / 5.0
    assert 450.0 < altitude < 547.0


def test_a_station_more_is_the_catalogues_best() -> None:
    sheet = one(THIN)
    assert sheet.binds.name in ("uplink", "downlink")
    item = next(item for item in sheet.relaxers if item.knob == "station")
    site = item.words.removeprefix("station at ")
    more = one(THIN + f'\n[[station]]\nname = "{site}"\nsite = "{site}"\n')
    assert margin(more, item.margin).limit == pytest.approx(item.value_after, rel=1e-9)
    assert margin(more, item.margin).share == pytest.approx(item.share_after, abs=1e-9)


def test_json_is_finite_and_its_names_are_stable() -> None:
    sheet = as_json(genesis())
    json.loads(json.dumps(sheet, allow_nan=False))
    (craft,) = sheet["satellites"]
    assert set(craft) == {
        "name", "bus", "orbit", "closes", "flown_as", "values", "heat", "contacts", "margins", "relaxers"
    }  # fmt: skip
    for name, scopes in {
        "orbit.period_min": {"mission"},
        "orbit.ltan_h": {"mission"},
        "orbit.ltan_drift_min_year": {"mission"},
        "light.lit_share_pct": {"mission", "year"},
        "light.beta_max_deg": {"mission", "year"},
        "light.longest_eclipse_min": {"mission", "year"},
        "light.eclipse_days_year": {"year"},
        "power.array_mean_w": {"mission", "year", "end of life"},
        "power.discharge_jobs_pct": {"mission", "year", "end of life"},
        "work.contact_min_per_day": {"mission"},
        "work.down_gb_per_day": {"mission"},
        "life.lifetime_years": {"mission"},
        "claims.sunlit_year_pct": {"year"},
        "claims.radiator_m2_per_kw": {"mission"},
    }.items():
        assert scopes <= set(craft["values"][name]), name
    assert any(name.startswith("radiation.") for name in craft["values"])
    assert {m["scope"] for m in craft["margins"]} == {"mission", "year", "end of life"}
    assert sheet["binds"] == {"satellite": "genesis-1", "margin": "array_hottest_c"}


def test_the_claims_are_answered_with_the_models_own_numbers() -> None:
    (sheet,) = genesis().satellites
    # LTAN 10:30 at 547 km: 63.8 % of a year (this project's planners; spherical Earth, mean Sun)
    assert sheet.value("claims.sunlit_year_pct", "year") == pytest.approx(63.8, abs=0.4)
    assert sheet.value("claims.days_with_eclipse", "year") == 365
    # between the published 0.95 and 4.3 m²/kW; and a radiator at room temperature, far from space's −270 °C
    assert 0.95 < sheet.value("claims.radiator_m2_per_kw") < 4.3
    assert sheet.value("claims.radiator_mean_c") > sheet.value("claims.sink_mean_c") > -270.0
    # energy: what the radiator sheds is emission less what its sink gives back
    area, emissivity, sigma = 0.068, 0.9, 5.670374419e-8
    hot, sink = (sheet.value(f"claims.{name}_mean_c") + 273.15 for name in ("radiator", "sink"))
    net = area * emissivity * sigma * (hot**4 - sink**4)
    assert sheet.value("claims.radiator_w") == pytest.approx(net, rel=0.01)
