"""OEM in, flown as it says; elements out; what is wrong with either is told with its line."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest

from orbitalcloud.core import DataError
from orbitalcloud.core.time import DAY, HOUR, MINUTE, SECOND, Instant, iso, parse_instant
from orbitalcloud.physics import (
    Ball,
    Ephemeris,
    Forces,
    GroundSite,
    Omm,
    Orbits,
    Segment,
    TwoLine,
    circular,
    contact_windows,
    density_profile,
    mean_design,
    numerical,
    parse_oem,
    parse_omms,
    shadow_events,
    sun_synchronous,
)
from orbitalcloud.physics.ephemeris import from_teme_to_gcrs, in_teme
from orbitalcloud.physics.frames import teme_to_itrs
from orbitalcloud.physics.numerical import state_of
from orbitalcloud.physics.sgp4_fit import fitted, omm_fields, omm_json, omm_kvn, two_lines

EPOCH = parse_instant("2026-03-20T12:00:00Z")
BALL = Ball(20.0, 0.1, 2.2, 0.3, 1.3)
FLOWN = numerical(sun_synchronous(547e3, 10.5, EPOCH, name="flown"), EPOCH, BALL)
EVERY = 4 * MINUTE


def times(count: int = 181, every: int = EVERY) -> np.ndarray:
    return EPOCH + np.arange(count, dtype=np.int64) * every


def written(at: int, ahead_s: float = 0.0) -> str:
    return iso(Instant(at + round(ahead_s * 1e9)), 6).removesuffix("Z")


def message(frame: str = "GCRF", system: str = "UTC", ahead_s: float = 0.0, more: str = "", count: int = 181) -> str:
    at = times(count)
    gcrs = state_of(FLOWN, at)
    if frame.startswith("ITRF"):
        teme = Orbits.of([FLOWN]).state_teme(at)
        place = np.einsum("kab,kb->ka", teme_to_itrs(at), teme[0][0])
        speed = np.einsum("kab,kb->ka", teme_to_itrs(at), teme[1][0])
        speed[:, 0] += 7.292115e-5 * place[:, 1]
        speed[:, 1] -= 7.292115e-5 * place[:, 0]
        gcrs = np.concatenate([place, speed], axis=1)
    elif frame == "TEME":
        gcrs = np.concatenate([part[0] for part in Orbits.of([FLOWN]).state_teme(at)], axis=1)
    lines = [
        f"{written(t, ahead_s)} " + " ".join(f"{x / 1e3:.9f}" for x in row)
        for t, row in zip(at.tolist(), gcrs, strict=True)
    ]
    head = f"""CCSDS_OEM_VERS = 2.0
COMMENT made by this test
CREATION_DATE = 2026-03-20T00:00:00
ORIGINATOR = TEST

META_START
OBJECT_NAME = FLOWN
OBJECT_ID = 2026-001A
CENTER_NAME = EARTH
REF_FRAME = {frame}
TIME_SYSTEM = {system}
START_TIME = {written(at[0], ahead_s)}
STOP_TIME = {written(at[-1], ahead_s)}
{more}META_STOP
"""
    return head + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("frame", "system", "ahead_s", "within_m"),
    [
        ("GCRF", "UTC", 0.0, 0.1),
        ("ICRF", "TAI", 37.0, 0.1),
        ("TEME", "TT", 69.184, 0.1),
        ("ITRF2014", "GPS", 18.0, 0.2),
        ("ITRF-97", "UTC", 0.0, 0.2),
        ("EME2000", "UTC", 0.0, 1.0),  # its 0.02″ from GCRF are applied, so 0.8 m away
    ],
)
def test_an_oem_flies_what_it_was_written_from(frame: str, system: str, ahead_s: float, within_m: float) -> None:
    source = parse_oem(message(frame, system, ahead_s))
    between = EPOCH + np.arange(0, 12 * 3600, 97, dtype=np.int64) * SECOND
    both = Orbits.of([FLOWN, source])
    r, v = both.state_teme(between)
    gaps = np.linalg.norm(r[0] - r[1], axis=1)
    assert gaps.max() < within_m
    assert frame != "EME2000" or gaps.max() > 0.1
    assert np.abs(v[0] - v[1]).max() < 0.01
    assert source.name == "FLOWN"
    assert mean_design(source).semi_major_axis_m == pytest.approx(mean_design(FLOWN).semi_major_axis_m, abs=30.0)


@pytest.mark.parametrize(
    ("more", "within_m"),
    [
        ("INTERPOLATION = HERMITE\nINTERPOLATION_DEGREE = 9\n", 0.01),
        ("INTERPOLATION = LAGRANGE\nINTERPOLATION_DEGREE = 9\n", 1.0),
        ("INTERPOLATION = LAGRANGE\nINTERPOLATION_DEGREE = 5\n", 1000.0),
        ("INTERPOLATION = LINEAR\n", 6e4),
    ],
)
def test_interpolation_is_as_the_message_says(more: str, within_m: float) -> None:
    source = parse_oem(message(more=more))
    middle = times()[10:-10] + EVERY // 2
    r, _ = Orbits.of([FLOWN, source]).state_teme(middle)
    gap = np.linalg.norm(r[0] - r[1], axis=1).max()
    assert gap < within_m
    assert gap > within_m / 300.0 or within_m == 0.01


def test_xml_says_the_same_as_keywords() -> None:
    rows = []
    for line in message().splitlines()[14:]:
        epoch, *words = line.split()
        keys = ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT")
        rows.append(
            f"<stateVector><EPOCH>{epoch}</EPOCH>"
            + "".join(f"<{k}>{w}</{k}>" for k, w in zip(keys, words, strict=True))
            + "</stateVector>"
        )
    meta = {
        "OBJECT_NAME": "FLOWN",
        "OBJECT_ID": "2026-001A",
        "CENTER_NAME": "EARTH",
        "REF_FRAME": "GCRF",
        "TIME_SYSTEM": "UTC",
    }
    meta |= {"START_TIME": written(times()[0]), "STOP_TIME": written(times()[-1])}
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in meta.items())
    body = f"<segment><metadata>{inside}</metadata><data>{''.join(rows)}</data></segment>"
    text = f'<?xml version="1.0"?><oem id="CCSDS_OEM_VERS" version="2.0"><header/><body>{body}</body></oem>'
    at = times(40, 7 * MINUTE)
    assert np.array_equal(parse_oem(text).state_teme(at), parse_oem(message()).state_teme(at))
    for wrong, word in (
        ("<!DOCTYPE a>" + text, "well-formed|DOCTYPE"),
        ("<oem><a></oem>", "well-formed"),
        ("<omm/>", "omm"),
    ):
        with pytest.raises(DataError, match=word):
            parse_oem(wrong)
    with pytest.raises(DataError, match="segment 1, state 1"):
        parse_oem(text.replace("<X>", "<X>nan", 1))


def test_an_ephemeris_flies_everywhere_and_pickles() -> None:
    orbits = Orbits.of([parse_oem(message())])
    start, end = Instant(EPOCH + HOUR), Instant(EPOCH + 11 * HOUR)
    site = GroundSite(math.radians(78.2), math.radians(15.4), 450.0, math.radians(5.0))
    flown = Orbits.of([FLOWN])
    ours, theirs = (contact_windows(one, [site], start, end) for one in (orbits, flown))
    assert len(ours) == len(theirs) > 3
    assert max(abs(a.opens - b.opens) for a, b in zip(ours, theirs, strict=True)) < 1_000_000  # 1 ms
    shadows = [shadow_events(one, start, end) for one in (orbits, flown)]
    assert [a.kind for a in shadows[0]] == [b.kind for b in shadows[1]]
    again = pickle.loads(pickle.dumps(orbits))
    assert np.array_equal(again.position_teme_m(times(20)), orbits.position_teme_m(times(20)))


def test_beyond_its_span_it_is_carried_for_a_day_and_then_refused() -> None:
    source = parse_oem(message())
    last = source.span[1]
    late = np.array([last + 30 * MINUTE, last + DAY])
    gaps = np.linalg.norm(source.state_teme(late)[:, :3] - Orbits.of([FLOWN]).position_teme_m(late)[0], axis=1)
    assert gaps[0] < 5.0
    assert gaps[1] < 5e3
    with pytest.raises(DataError, match=r"2026-03-20T12:00:00Z to 2026-03-21T00:00:00Z.*2026-03-22"):
        source.state_teme(np.array([last + 27 * HOUR]))
    source.covers(EPOCH, last)
    with pytest.raises(DataError, match="end the mission within"):
        source.covers(EPOCH, Instant(last + 1))


def test_segments_follow_one_another_and_a_gap_is_told() -> None:
    at, states = times(), state_of(FLOWN, times())
    parts = [Segment("GCRS", at[a:b], states[a:b]) for a, b in ((0, 61), (60, 121), (130, 181))]
    whole = Ephemeris(tuple(parts[:2]), "two")
    near = at[60] + np.array([-1, 0, 1]) * SECOND
    assert (
        np.linalg.norm(whole.state_teme(near)[:, :3] - Orbits.of([FLOWN]).position_teme_m(near)[0], axis=1).max() < 0.05
    )
    broken = Ephemeris(tuple(parts), "broken")
    with pytest.raises(DataError, match="no states at"):
        broken.state_teme(at[120:131])
    with pytest.raises(DataError, match="no states from"):
        broken.covers(EPOCH, Instant(int(at[-1])))
    with pytest.raises(DataError, match="order of time"):
        Ephemeris((parts[1], parts[0]))


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("CCSDS_OEM_VERS = 2.0", "CCSDS_OMM_VERS = 2.0", "line 1"),
        ("CENTER_NAME = EARTH", "CENTER_NAME = MARS", "CENTER_NAME.*MARS"),
        ("REF_FRAME = GCRF", "REF_FRAME = RTN", "REF_FRAME.*RTN"),
        ("REF_FRAME = GCRF\n", "", "REF_FRAME.*missing"),
        ("TIME_SYSTEM = UTC", "TIME_SYSTEM = MRT", "TIME_SYSTEM.*MRT"),
        ("META_STOP\n", "", "line 14|KEYWORD"),
        ("META_START\n", "META_START\nINTERPOLATION = SPLINE\n", "SPLINE"),
        ("META_START\n", "META_START\nINTERPOLATION_DEGREE = many\n", "many"),
        ("META_START\n", "META_START\nINTERPOLATION_DEGREE = 99\n", "99"),
        ("META_START\n", "META_START\nUSEABLE_START_TIME = soon\n", "START_TIME.*soon"),
        ("2026-03-20T12:04:00.000000 ", "2026-03-20T11:04:00.000000 ", r"line 16.*later"),
        ("2026-03-20T12:04:00.000000 ", "2026-03-20T12:04:00.000000 nan ", "line 16"),
        ("2026-03-20T12:04:00.000000 ", "yesterday ", "line 16.*yesterday"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, word: str) -> None:
    assert old in message(count=9)
    with pytest.raises(DataError, match=word):
        parse_oem(message(count=9).replace(old, new, 1))


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "x", "1e9"])
def test_no_number_that_is_none_comes_in(value: str) -> None:
    lines = message(count=9).splitlines()
    words = lines[20].split()
    lines[20] = " ".join([words[0], value, *words[2:]])
    with pytest.raises(DataError, match="line 21"):
        parse_oem("\n".join(lines))


def test_too_few_states_or_none() -> None:
    with pytest.raises(DataError, match="empty"):
        parse_oem(" \n")
    with pytest.raises(DataError, match="no states"):
        parse_oem("\n".join(message().splitlines()[:14]))
    with pytest.raises(DataError, match="lower degree"):
        parse_oem(message(more="INTERPOLATION_DEGREE = 9\n", count=3))
    with pytest.raises(DataError, match="six numbers"):
        Segment("TEME", times(3), np.zeros((2, 6)))
    with pytest.raises(DataError, match="not a number at 2026"):
        Segment("TEME", times(5), np.full((5, 6), np.nan))


def test_frames_there_and_back() -> None:
    at = times(20)
    states = state_of(FLOWN, at)
    assert np.abs(from_teme_to_gcrs(at, in_teme("GCRS", at, states)) - states).max() < 1e-6


# Elements out -------------------------------------------------------------------------------------------------------


def rms_m(elements: TwoLine | Omm, source: object, start: Instant) -> float:
    at = start + np.arange(0, 1440, 7, dtype=np.int64) * MINUTE
    places = Orbits.of([elements, source]).position_teme_m(at)  # type: ignore[list-item]
    return float(np.sqrt(((places[0] - places[1]) ** 2).sum(axis=1).mean()))


def test_elements_of_what_flies_numerically_follow_it_for_a_day() -> None:
    source = numerical(sun_synchronous(450e3, 10.5, EPOCH), EPOCH, BALL, Forces(air=density_profile(180.0, 3.0)))
    one = fitted(source, EPOCH, "edge-1", 1)
    assert one.rms_m < 60.0
    (from_kvn,) = parse_omms(omm_kvn(omm_fields(one, "edge-1")))
    (from_json,) = parse_omms(omm_json([omm_fields(one, "edge-1")]))
    assert from_kvn == from_json
    assert from_kvn.bstar > 1e-5
    assert rms_m(from_kvn, source, EPOCH) == pytest.approx(one.rms_m, rel=0.05)
    lines = TwoLine(*two_lines(one))  # checks their form and sums
    assert rms_m(lines, source, EPOCH) < one.rms_m + 300.0
    assert f"rms {one.rms_m:.0f} m" in omm_kvn(omm_fields(one))


@pytest.mark.parametrize(
    ("altitude_m", "inclination", "within_m"), [(550e3, 0.9, 60.0), (20_200e3, 0.96, 300.0), (600e3, 0.0, 100.0)]
)
def test_a_design_is_fitted_as_it_would_fly(altitude_m: float, inclination: float, within_m: float) -> None:
    design = circular(altitude_m, inclination, EPOCH, raan_rad=1.0)
    one = fitted(design, EPOCH, "d")
    assert one.rms_m < within_m
    assert isinstance(one.elements, Omm)
    assert one.elements.bstar == 0.0


def test_two_lines_are_given_back_as_they_came() -> None:
    first = "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927"
    second = "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537"
    one = fitted(TwoLine(first, second, "iss"), EPOCH)
    assert one.rms_m == 0.0
    assert two_lines(one) == (first, second)
    fields = omm_fields(one)
    assert fields["OBJECT_ID"] == "1998-067A"
    (message_,) = parse_omms(json.dumps(fields))
    at = parse_instant("2008-09-20T12:25:40.104Z") + np.arange(4, dtype=np.int64) * HOUR
    places = Orbits.of([TwoLine(first, second), message_]).position_teme_m(at)
    assert np.linalg.norm(places[0] - places[1], axis=1).max() < 10.0  # the epoch's microsecond


def test_what_sgp4_cannot_follow_is_said() -> None:
    falling = numerical(
        circular(150e3, 1.0, EPOCH, raan_rad=0.0), EPOCH, Ball(3.0, 0.3), Forces(air=density_profile(220.0, 4.0))
    )
    with pytest.raises(DataError, match=r"below 90 km|cannot follow"):
        fitted(falling, EPOCH, "falling")
