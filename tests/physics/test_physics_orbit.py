"""Orbits: elements in three tongues, designs, errors that teach, frames and time against independent programs."""

from __future__ import annotations

import contextlib
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    Design,
    Orbits,
    TwoLine,
    circular,
    earth_rotation_span,
    parse_omm,
    parse_omms,
    raan_of_local_time_rad,
    secular_rates,
    subpoint,
    sun_gcrs_m,
    sun_synchronous,
    sun_teme_m,
    walker,
)
from orbitalcloud.physics.constants import EARTH_MU_M3_S2, EARTH_RADIUS_M, MEAN_SUN_RAD_S
from orbitalcloud.physics.frames import (
    gcrs_to_itrs,
    gcrs_to_teme,
    geodetic_of_itrs,
    itrs_of_geodetic,
    look_angles,
    teme_to_itrs,
)
from orbitalcloud.physics.time import julian_tt, tai_minus_utc_s
from orbitalcloud.physics.track import tracks

EPOCH = parse_instant("2026-03-20T12:00:00Z")
ISS = TwoLine(
    "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927",
    "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537",
    "iss",
)
KVN = """CCSDS_OMM_VERS = 2.0
CREATION_DATE = 2008-09-21T00:00:00
ORIGINATOR = TEST
COMMENT the same elements as ISS
OBJECT_NAME = iss
OBJECT_ID = 1998-067A
CENTER_NAME = EARTH
REF_FRAME = TEME
TIME_SYSTEM = UTC
MEAN_ELEMENT_THEORY = SGP4
EPOCH = 2008-09-20T12:25:40.104192
MEAN_MOTION = 15.72125391 [rev/day]
ECCENTRICITY = .0006703
INCLINATION = 51.6416 [deg]
RA_OF_ASC_NODE = 247.4627 [deg]
ARG_OF_PERICENTER = 130.5360 [deg]
MEAN_ANOMALY = 325.0288 [deg]
EPHEMERIS_TYPE = 0
CLASSIFICATION_TYPE = U
NORAD_CAT_ID = 25544
ELEMENT_SET_NO = 292
REV_AT_EPOCH = 56353
BSTAR = -.11606E-4 [1/ER]
MEAN_MOTION_DOT = -.00002182 [rev/day**2]
MEAN_MOTION_DDOT = 0.0 [rev/day**3]
"""


def fields() -> dict[str, str]:
    rows = [line.split(" = ", 1) for line in KVN.splitlines() if " = " in line]
    return {key: value.split(" [")[0] for key, value in rows}


def as_json() -> str:
    return json.dumps([fields()])


def as_xml() -> str:
    body = "".join(f"<{k}>{v}</{k}>" for k, v in fields().items() if k != "CCSDS_OMM_VERS")
    return f'<?xml version="1.0"?><ndm xmlns="urn:ccsds"><omm><body><segment>{body}</segment></body></omm></ndm>'


@pytest.mark.parametrize("text", [KVN, as_json(), as_xml()], ids=["kvn", "json", "xml"])
def test_an_omm_flies_as_its_two_line_elements_in_every_form(text: str) -> None:
    times = np.arange(6, dtype=np.int64) * 4 * HOUR + parse_instant("2008-09-20T12:00:00Z")
    omm = parse_omm(text)
    assert omm.name == "iss"
    by_omm, by_tle = (Orbits.of([source]).position_teme_m(times) for source in (omm, ISS))
    assert np.abs(by_omm - by_tle).max() < 0.5  # the TLE's epoch is rounded to 1e-8 day: 0.43 ms, 3 m at most


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("REF_FRAME = TEME", "REF_FRAME = EME2000"), "REF_FRAME"),
        (("TIME_SYSTEM = UTC", "TIME_SYSTEM = TAI"), "TIME_SYSTEM"),
        (("SGP4", "DSST"), "MEAN_ELEMENT_THEORY"),
        (("ECCENTRICITY = .0006703", "ECCENTRICITY = 1.2"), "ECCENTRICITY"),
        (("INCLINATION = 51.6416 [deg]", "INCLINATION = nan"), "INCLINATION"),
        (("MEAN_MOTION = 15.72125391 [rev/day]\n", ""), "MEAN_MOTION"),
        (("2008-09-20T", "2008-13-20T"), "EPOCH"),
        (("EPHEMERIS_TYPE = 0", "EPHEMERIS_TYPE 0"), "line"),
    ],
)
def test_a_wrong_omm_names_the_keyword(change: tuple[str, str], place: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_omm(KVN.replace(*change))
    assert place in caught.value.place


@pytest.mark.parametrize("text", ["", "[", "{}", "<omm", "<!DOCTYPE x><omm/>", "[1]", "[" * 100_000, "hello", "[]"])
def test_what_is_no_omm_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        parse_omm(text)


def test_a_message_may_hold_several_satellites() -> None:
    two = [fields(), fields() | {"OBJECT_NAME": "other"}]
    assert [one.name for one in parse_omms(json.dumps(two))] == ["iss", "other"]
    assert [one.name for one in parse_omms(KVN + KVN)] == ["iss", "iss"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_the_omm_reader(text: str) -> None:
    with contextlib.suppress(DataError):
        parse_omms(text)


@pytest.mark.parametrize("where", [5, 30, 68])
def test_a_flipped_digit_in_a_tle_is_refused(where: int) -> None:
    digit = ISS.line1[where]
    changed = str((int(digit) + 1) % 10) if digit.isdigit() else "7"
    with pytest.raises(DataError, match=r"checksum|copy"):
        TwoLine(ISS.line1[:where] + changed + ISS.line1[where + 1 :], ISS.line2)


def test_lines_of_two_satellites_are_refused() -> None:
    line2 = "2 42063  98.5693  13.0364 0001083 104.3232 255.8080 14.30819357294601"
    with pytest.raises(DataError, match="25544"):
        TwoLine(ISS.line1, line2)


def test_a_decayed_satellite_is_named_with_the_time() -> None:
    falling = parse_omm(KVN.replace("BSTAR = -.11606E-4", "BSTAR = 0.02"))
    orbits = Orbits.of([sun_synchronous(550e3, 6.0, EPOCH, name="high"), falling])
    with pytest.raises(DataError, match=r"iss.*2008-") as caught:
        orbits.position_teme_m(np.arange(0, 40, dtype=np.int64) * DAY + parse_instant("2008-09-20T13:00:00Z"))
    assert "decays" in caught.value.remedy


@pytest.mark.parametrize(
    ("axis_m", "eccentricity", "place"),
    [(6.3e6, 0.0, "perigee"), (8e6, 0.3, "perigee"), (8e6, 1.0, "eccentricity"), (math.nan, 0.0, "semi_major")],
)
def test_an_impossible_design_is_refused(axis_m: float, eccentricity: float, place: str) -> None:
    with pytest.raises(DataError) as caught:
        Design(axis_m, eccentricity, 1.0, 0.0, 0.0, 0.0, EPOCH, "low")
    assert place in caught.value.place
    assert "low" in caught.value.place


def test_sun_synchronous_has_a_ceiling() -> None:
    assert math.degrees(sun_synchronous(5_900e3, 6.0, EPOCH).inclination_rad) > 160
    with pytest.raises(DataError, match="5,970"):
        sun_synchronous(6_100e3, 6.0, EPOCH)


def test_a_sun_synchronous_node_keeps_its_local_time_for_a_year() -> None:
    design = sun_synchronous(547e3, 10.5, EPOCH)
    rates = secular_rates(design.semi_major_axis_m, 0.0, design.inclination_rad)
    assert rates.raan_rad_s == pytest.approx(MEAN_SUN_RAD_S, rel=1e-9)
    later = Instant(EPOCH + 365 * DAY)
    node = design.raan_rad + rates.raan_rad_s * 365 * 86400
    gap = (node - raan_of_local_time_rad(10.5, later) + math.pi) % (2 * math.pi) - math.pi
    assert abs(gap) < math.radians(0.01)  # 2.4 s of local time


def test_mean_local_time_agrees_with_the_real_sun_over_a_year() -> None:
    """The equation of time runs between −14.2 and +16.4 minutes and averages out."""
    gaps = []
    for day in range(0, 365, 5):
        at = Instant(parse_instant("2026-01-01T00:00:00Z") + day * DAY)
        sun = sun_teme_m(at)[0]
        noon = raan_of_local_time_rad(12.0, at)
        gap = (math.atan2(sun[1], sun[0]) - noon + math.pi) % (2 * math.pi) - math.pi
        gaps.append(math.degrees(gap) * 4.0)
    assert max(gaps) == pytest.approx(14.2, abs=0.3)
    assert min(gaps) == pytest.approx(-16.4, abs=0.3)
    assert abs(float(np.mean(gaps))) < 0.2


@settings(max_examples=40, deadline=None)
@given(
    axis=st.floats(6.9e6, 4.2e7),
    e=st.floats(0.0, 0.7),
    i=st.floats(0.0, math.pi),
    angles=st.tuples(*[st.floats(0.0, 6.28)] * 3),
    hours=st.integers(-1000, 1000),
)
def test_designs_obey_kepler(axis: float, e: float, i: float, angles: tuple[float, float, float], hours: int) -> None:
    if axis * (1 - e) < EARTH_RADIUS_M + 1e5:
        e = 0.0
    design = Design(axis, e, i, *angles, EPOCH)
    at = EPOCH + hours * HOUR
    r, v = Orbits.of([design]).state_teme(np.array([at - SECOND // 2, at, at + SECOND // 2]))
    assert np.linalg.norm(r[0, 1]) == pytest.approx(axis, rel=e + 1e-9)
    assert np.allclose(r[0, 2] - r[0, 0], v[0, 1], atol=2e-3)  # velocity is the derivative, drifts included
    energy = 0.5 * v[0, 1] @ v[0, 1] - EARTH_MU_M3_S2 / np.linalg.norm(r[0, 1])
    assert energy == pytest.approx(-EARTH_MU_M3_S2 / (2 * axis), rel=1.5e-2)  # secular J2 adds up to 1 %


def test_secular_rates_agree_with_sgp4_over_a_month() -> None:
    """SGP4 without drag has the same J2, J2² and J4 terms: over thirty days the two drift less than 30 km apart."""
    a_m = 7.0e6
    design = Design(a_m, 0.001, math.radians(98.0), 1.0, 2.0, 0.5, EPOCH)
    rates = secular_rates(a_m, 0.001, math.radians(98.0))
    text = json.dumps(
        {
            "OBJECT_NAME": "twin",
            "EPOCH": "2026-03-20T12:00:00.000",
            "MEAN_MOTION": _kozai(a_m, 0.001, math.radians(98.0)) * 86400 / (2 * math.pi),
            "ECCENTRICITY": 0.001,
            "INCLINATION": 98.0,
            "RA_OF_ASC_NODE": math.degrees(1.0),
            "ARG_OF_PERICENTER": math.degrees(2.0),
            "MEAN_ANOMALY": math.degrees(0.5),
        }
    )
    times = EPOCH + np.arange(0, 30, dtype=np.int64) * DAY
    both = Orbits.of([design, parse_omm(text)]).position_teme_m(times)
    assert rates.nodal_period_s > 0
    assert np.linalg.norm(both[0] - both[1], axis=1).max() < 30e3


def _kozai(a_m: float, e: float, i: float) -> float:
    """SGP4's Kozai mean motion of a Brouwer axis: first order in J2."""
    n = math.sqrt(EARTH_MU_M3_S2 / a_m**3)
    d = 0.75 * 1.082616e-3 * (EARTH_RADIUS_M / a_m) ** 2 * (3 * math.cos(i) ** 2 - 1) / (1 - e * e) ** 1.5
    return n * (1 + d)


def test_walker_delta_spreads_planes_and_phases() -> None:
    fleet = walker(24, 3, 1, math.radians(55.0), 600e3, EPOCH, name="w")
    assert len({design.name for design in fleet}) == 24
    assert [round(math.degrees(fleet[k].raan_rad)) for k in (0, 8, 16)] == [0, 120, 240]
    assert math.degrees(fleet[8].mean_anomaly_rad - fleet[0].mean_anomaly_rad) == pytest.approx(15.0)
    star = walker(6, 3, 0, math.radians(86.4), 780e3, EPOCH, pattern="star")
    assert [round(math.degrees(star[k].raan_rad)) for k in (0, 2, 4)] == [0, 60, 120]
    with pytest.raises(DataError, match="multiple"):
        walker(25, 3, 1, 1.0, 600e3, EPOCH)
    with pytest.raises(DataError, match="give one"):
        circular(500e3, 1.0, EPOCH)


def test_a_fleet_pickles_and_mixes_sources() -> None:
    times = np.array([parse_instant("2008-09-20T13:00:00Z")])
    orbits = Orbits.of([ISS, sun_synchronous(500e3, 6.0, EPOCH, name="b"), parse_omm(KVN)])
    again = pickle.loads(pickle.dumps(orbits))
    assert again.names == ("iss", "b", "iss")
    assert np.array_equal(again.position_teme_m(times), orbits.position_teme_m(times))
    assert np.array_equal(orbits.subset([2]).position_teme_m(times)[0], orbits.position_teme_m(times)[2])


def test_positions_do_not_depend_on_what_else_was_asked() -> None:
    orbits = Orbits.of([sun_synchronous(500e3, 6.0, EPOCH)])
    short = next(tracks(orbits, Instant(EPOCH + 17 * SECOND), Instant(EPOCH + HOUR)))
    long = next(tracks(orbits, Instant(EPOCH - DAY), Instant(EPOCH + DAY)))
    k = (short.start - long.start) // (60 * SECOND)
    n = short.sun_m.shape[0]
    assert np.array_equal(short.position_m[0], long.position_m[0, k : k + n])
    assert np.array_equal(short.sun_m, long.sun_m[k : k + n])


def test_teme_and_gcrs_lead_to_one_itrs() -> None:
    """Two roads that share no matrix: GMST 1982 with TEME, and IAU 2000B. They part by less than 0.1″ (3 m)."""
    times = parse_instant("2020-01-01T00:00:00Z") + np.arange(0, 2500, 97, dtype=np.int64) * DAY
    vector = np.array([5e6, 3e6, 4e6])
    direct = gcrs_to_itrs(times) @ vector
    by_teme = (teme_to_itrs(times) @ gcrs_to_teme(times)) @ vector
    assert np.linalg.norm(direct - by_teme, axis=1).max() < 3.5


def test_frames_and_sun_agree_with_skyfield() -> None:
    from skyfield.api import EarthSatellite, load, wgs84

    scale = load.timescale(builtin=True)
    satellite = EarthSatellite(ISS.line1, ISS.line2, ts=scale)
    at = parse_instant("2008-09-21T03:04:05Z")
    place = wgs84.geographic_position_of(satellite.at(scale.utc(2008, 9, 21, 3, 4, 5)))
    latitude, longitude, height = (x[0, 0] for x in subpoint(Orbits.of([ISS]), at))
    assert math.degrees(latitude) == pytest.approx(place.latitude.degrees, abs=2e-4)
    assert math.degrees(longitude) == pytest.approx(place.longitude.degrees, abs=3e-4)
    assert height == pytest.approx(place.elevation.m, abs=5.0)


def test_sun_between_nodes_is_the_ephemeris() -> None:
    times = EPOCH + np.arange(0, 30, dtype=np.int64) * 7919 * SECOND
    exact = (gcrs_to_teme(times) @ sun_gcrs_m(times)[..., None])[..., 0]
    assert np.linalg.norm(exact - sun_teme_m(times), axis=1).max() < 100.0  # of 1.5e11 m


def test_leap_seconds_and_the_end_of_the_table() -> None:
    edge = parse_instant("2017-01-01T00:00:00Z")
    assert tai_minus_utc_s([edge - SECOND, edge]).tolist() == [36.0, 37.0]
    whole, part = julian_tt(parse_instant("2000-01-01T11:58:55.816Z"))
    assert (whole[0] - 2451545.0) + part[0] == pytest.approx(0.0, abs=1e-12)  # J2000 in TT
    first, last = earth_rotation_span()
    assert np.isfinite(teme_to_itrs([last, last + 3000 * DAY])).all()
    with pytest.raises(DataError, match="1973"):
        teme_to_itrs(first - DAY)


@given(st.floats(-math.pi / 2, math.pi / 2), st.floats(-math.pi, math.pi), st.floats(-5e3, 4e7))
def test_geodetic_there_and_back(latitude: float, longitude: float, height: float) -> None:
    place = itrs_of_geodetic(latitude, longitude, height)
    back = geodetic_of_itrs(place)
    assert np.allclose(itrs_of_geodetic(*back), place, atol=1e-6)
    assert back[0] == pytest.approx(latitude, abs=1e-9)


def test_look_angles_at_the_cardinal_points() -> None:
    azimuth, elevation, distance = look_angles(
        0.0, 0.0, 0.0, itrs_of_geodetic([0.1, 0.0, -0.1, 0.0], [0.0, 0.1, 0.0, 0.0], 5e5)
    )
    assert np.degrees(azimuth[:3]) == pytest.approx([0.0, 90.0, 180.0], abs=1e-9)
    assert elevation[3] == pytest.approx(math.pi / 2)
    assert distance[3] == pytest.approx(5e5)
