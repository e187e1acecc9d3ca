"""`check` says whether a mission closes: against other programs' numbers, and what must be true of any design."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import pytest

from orbitalcloud.mission import find, load, loads
from orbitalcloud.study import Sheet, check, rows
from study import cases_study

GENESIS = find("genesis-1").read_text()


@lru_cache(maxsize=16)
def checked(*changes: tuple[str, str]) -> Sheet:
    text = GENESIS
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return check(loads(text.encode(), "my.toml", "."), later=False, relax=False)


@pytest.mark.parametrize("case", cases_study.CASES, ids=lambda case: case["case"])
def test_numbers_of_others(case: dict[str, Any]) -> None:
    assert case["ours"]() == pytest.approx(case["theirs"], abs=case["tolerance"])


def test_genesis_closes() -> None:
    sheet = checked()
    (one,) = sheet.satellites
    assert sheet.closes
    # public: a period of 95 minutes at 547 km
    assert one.period_min == pytest.approx(95.7, abs=0.1)
    # BUPT-1 (12U): 16 % depth of discharge without compute (arXiv 2608.21034): the bus is sized after it
    assert 1.0 - one.lowest_charge_idle == pytest.approx(0.16, abs=0.02)
    assert one.lowest_charge_idle >= one.lowest_charge_jobs >= one.lowest_charge_nonstop
    assert 0.05 < one.duty < 0.15
    assert [contact.station for contact in one.contacts] == ["svalbard", "inuvik", "punta-arenas", "awarua"]
    svalbard = one.contacts[0]
    # a polar station sees nearly every orbit, for at most 12 minutes a pass
    assert 10 <= svalbard.passes_per_day <= 15
    assert svalbard.minutes_per_day < 12 * svalbard.passes_per_day
    assert svalbard.down_mb_per_day == pytest.approx(svalbard.minutes_per_day * 60 * 1e6 / 8e6)


def test_what_binds_first_is_what_was_made_scarce() -> None:
    small = checked(("reserve = 0.35", "reserve = 0.35\narray = { area_m2 = 0.08 }"))
    assert not small.closes
    assert small.worst.binds.name in ("load against array", "lowest charge")
    assert "does not close" in small.verdict
    hot = checked(("reserve = 0.35", "reserve = 0.35\nheat.payload.hot_limit_c = 14"))
    assert hot.worst.binds.name == "payload hottest"
    slow = checked(("operations = 2_300_000_000_000_000", "operations = 60_000_000_000_000_000"))
    assert slow.worst.binds.name in ("accelerator busy", "load against array", "lowest charge")
    assert slow.satellites[0].duty > 1.0
    thin = checked(('radio = "s-band-duplex"', 'band = "s"\nup_kbps = 0.5\ndown_kbps = 0.5'))
    assert thin.worst.binds.name in ("uplink", "downlink")


def test_without_a_link_nothing_comes_up() -> None:
    alone = checked(('between = ["satellite", "station"]', 'between = ["station", "station"]'))
    (one,) = alone.satellites
    assert one.binds.name == "uplink"
    assert one.binds.share == -1.0
    assert all(contact.minutes_per_day == 0 and contact.longest_gap_h == 24.0 for contact in one.contacts)


def test_more_area_more_power_and_a_warm_design_is_no_colder() -> None:
    one = checked(("reserve = 0.35", "reserve = 0.35\narray = { area_m2 = 0.24 }")).satellites[0]
    two = checked(("reserve = 0.35", "reserve = 0.35\narray = { area_m2 = 0.48 }")).satellites[0]
    assert two.array_w == pytest.approx(2 * one.array_w, rel=0.03)  # the array's temperature differs a little
    for node in one.nodes:
        assert node.coldest_c <= node.hottest_c


def test_a_fleet_is_checked_satellite_by_satellite() -> None:
    sheet = check(load("walker-100"), later=False, relax=False)
    assert len(sheet.satellites) == 100
    # ten planes of ten, one beta angle each (to the 0.01° that the elements' epoch and the Sun's hour leave)
    betas = [[one.beta_min_deg for one in sheet.satellites[plane : plane + 10]] for plane in range(0, 100, 10)]
    assert all(max(plane) - min(plane) < 0.01 for plane in betas)
    assert max(map(max, betas)) - min(map(min, betas)) > 80  # one faces the Sun, one lies in its plane
    table = list(rows(sheet))
    assert {row.satellite for row in table} == {one.name for one in sheet.satellites}
    assert all(math.isfinite(row.value) for row in table)


def test_days_longer_than_one_go_on_from_where_they_were() -> None:
    one = checked(("days  = 1\n", "days = 1.5\n")).satellites[0]
    day = checked().satellites[0]
    # the same but for the transmitter's mean power, which depends on the passes of the last half day
    assert one.lowest_charge_idle == pytest.approx(day.lowest_charge_idle, abs=0.002)
    assert one.sunlit_share == pytest.approx(day.sunlit_share, abs=0.01)
    assert one.array_w == pytest.approx(day.array_w, rel=0.02)


def test_a_thousand_satellites_are_a_sheet_too() -> None:
    loaded = load("walker-1000")
    told: list[float] = []
    sheet = check(loaded, lambda done, what: told.append(done), later=False, relax=False)
    assert told == sorted(told)
    assert len(sheet.satellites) == 1000
    assert len({one.flown_as for one in sheet.satellites}) == 25  # planes: Walker's 1000/25/1
    assert "1,000 satellites from 25" in sheet.notes[0]
    # contacts are each satellite's own: two of one plane see a station at other times
    first, second = sheet.satellites[0], sheet.satellites[1]
    assert first.flown_as == second.flown_as
    assert [one.longest_gap_h for one in first.contacts] != [one.longest_gap_h for one in second.contacts]


def test_a_craft_from_two_line_elements_has_the_whole_sheet() -> None:
    sheet = check(load("iss-orbit"), relax=False)
    (one,) = sheet.satellites
    assert {section.name for section in one.sections} >= {"orbit", "light", "power", "work", "radiation", "claims"}
    # the Station: 51.63°, 15.496 revolutions a day, 420 km
    assert one.value("orbit.inclination_deg") == pytest.approx(51.6329)
    assert one.value("orbit.period_min") == pytest.approx(1440 / 15.496, abs=0.01)
    assert one.value("orbit.altitude_km") == pytest.approx(418, abs=6)
    # its node drifts westward, about 5° a day, against the mean Sun by 6°: 24 minutes a day
    assert one.value("orbit.ltan_drift_min_year") == pytest.approx(-365.25 * 24, rel=0.05)
    scopes = {margin.scope for margin in one.margins}
    assert scopes == {"mission", "year", "end of life"}
    new, old = (one.value("power.array_mean_w", scope) for scope in ("year", "end of life"))
    # five years of the catalogue's 1 % (thermal cycling) and 0.25 % a year, and what belts take at 420 km: 0.2 %
    assert old / new == pytest.approx((0.99 * 0.9975) ** 5 * 0.998, abs=0.003)


def test_a_long_mission_is_flown_in_part_and_says_so() -> None:
    sheet = check(loads(GENESIS.replace("days  = 1\n", "days  = 12\n").encode(), "my.toml", "."), relax=False)
    assert sheet.flown_days == 10
    assert any("10 of 12 days flown" in note for note in sheet.notes)
    (one,) = sheet.satellites
    assert one.closes
