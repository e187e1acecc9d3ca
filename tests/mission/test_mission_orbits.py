"""Orbits as a mission writes them: frozen, clusters, tables, integrated; and what cannot be flown."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from orbitalcloud.core import HOUR, MINUTE, SECOND, DataError, Instant, MissionError, iso
from orbitalcloud.mission.contents import named
from orbitalcloud.mission.decode import loads
from orbitalcloud.mission.physical import inclination_deg, orbits_of, period_s
from orbitalcloud.mission.resolved import Loaded
from orbitalcloud.physics import Ball, Design, Forces, Numerical, Orbits, TwoLine, numerical, sun_synchronous
from small_missions import SMALL, load_text

HEAD = """name = "test"
epoch = 2026-08-26T06:00:00Z
days = 0.25
"""
SATELLITE = """[[satellite]]
name = "sat"
bus = "cubesat-12u-edge"
"""
ISS = """tle = [
  "1 25544U 98067A   26237.66055538  .00007716  00000+0  14485-3 0  9993",
  "2 25544  51.6329 316.2335 0007673  83.1052 277.0809 15.49625410582525",
]
"""
SSO = 'orbit = { altitude_km = 547, inclination = "sun-synchronous", ltan = "10:30"%s }\n'


def load(more: str, head: str = HEAD, folder: str = ".") -> Loaded:
    return loads((head + SATELLITE + more).encode(), "my.toml", folder)


def oem(at: Instant, hours: float, name: str = "TABLE") -> str:
    """A message of a Sun-synchronous orbit, a state every two minutes."""
    times = at + np.arange(0, int(hours * 30) + 1, dtype=np.int64) * 2 * MINUTE
    source = numerical(sun_synchronous(500e3, 6.0, at), at, Ball(1.0, 0.0), Forces(sunlight=False))
    r, v = Orbits.of([source]).state_teme(times)
    lines = [
        f"{iso(Instant(t), 3)[:-1]} " + " ".join(f"{x / 1e3:.9f}" for x in (*place, *speed))
        for t, place, speed in zip(times.tolist(), r[0], v[0], strict=True)
    ]
    meta = f"OBJECT_NAME = {name}\nOBJECT_ID = 2026-001A\nCENTER_NAME = EARTH\nREF_FRAME = TEME\nTIME_SYSTEM = UTC\n"
    span = f"START_TIME = {iso(Instant(int(times[0])))[:-1]}\nSTOP_TIME = {iso(Instant(int(times[-1])))[:-1]}\n"
    return f"CCSDS_OEM_VERS = 2.0\nMETA_START\n{meta}{span}META_STOP\n" + "\n".join(lines) + "\n"


def test_a_frozen_orbit_finds_its_eccentricity() -> None:
    craft = load(SSO % ", frozen = true, phase_deg = 30").satellites[0]
    assert isinstance(craft.orbit, Design)
    assert craft.orbit.frozen
    assert 0.0010 < craft.orbit.eccentricity < 0.0013
    assert craft.orbit.argp_rad == pytest.approx(math.pi / 2)
    # phase is the argument of latitude: ω + true anomaly, here to the square of e
    mean = craft.orbit.mean_anomaly_rad
    true = mean + 2 * craft.orbit.eccentricity * math.sin(mean)
    assert (true + math.pi / 2) % (2 * math.pi) == pytest.approx(math.radians(30.0), abs=1e-5)
    assert "frozen at e 0.00" in craft.orbit_text


def test_a_cluster_makes_its_members() -> None:
    loaded = load(SSO % "" + "cluster = { satellites = 9, spacing_m = 150 }\n")
    assert [craft.name for craft in loaded.satellites] == [f"sat-{k:03d}" for k in range(1, 10)]
    places = orbits_of(loaded).position_teme_m([loaded.starts, loaded.ends])
    gaps = np.linalg.norm(places[:, None] - places[None], axis=3) + np.eye(9)[:, :, None] * 1e9
    assert gaps.min() >= 149.9
    assert "cluster of 9, 150 m apart" in loaded.satellites[0].orbit_text


@pytest.mark.parametrize(
    "orbit", [SSO % "", ISS, "walker = { total = 2, planes = 2, inclination_deg = 53, altitude_km = 550 }\n"]
)
def test_any_elements_may_be_integrated(orbit: str) -> None:
    plain = load(orbit)
    loaded = load(orbit + 'propagation = "numerical"\n')
    for craft, other in zip(loaded.satellites, plain.satellites, strict=True):
        assert isinstance(craft.orbit, Numerical)
        assert "integrated with J2–J6, Sun, Moon, sunlight and drag at F10.7 140" in craft.orbit_text
        assert period_s(craft) == pytest.approx(period_s(other), rel=1.5e-3)
        assert inclination_deg(craft) == pytest.approx(inclination_deg(other), abs=0.05)
    both = [orbits_of(one).position_teme_m([loaded.starts, loaded.ends]) for one in (loaded, plain)]
    assert np.linalg.norm(both[0] - both[1], axis=2).max() < 30e3
    assert np.array_equal(
        pickle.loads(pickle.dumps(orbits_of(loaded))).position_teme_m([loaded.ends]),
        orbits_of(loaded).position_teme_m([loaded.ends]),
    )


def test_the_sun_s_activity_and_the_bus_s_area_count() -> None:
    def fallen_m(more: str, environment: str = "") -> float:
        text = (SSO % "").replace("547", "300") + 'propagation = "numerical"\n' + more + environment
        loaded = load(text, HEAD.replace("0.25", "1"))
        orbit = np.linspace(0, int(period_s(loaded.satellites[0]) * SECOND), 60).astype(np.int64)
        heights = [
            np.linalg.norm(orbits_of(loaded).position_teme_m(at + orbit), axis=2).mean()
            for at in (loaded.starts, loaded.ends)
        ]
        return float(heights[0] - heights[1])

    base = fallen_m("")
    assert base > 0.0
    assert fallen_m("drag_area_m2 = 2.0\n") > 2.0 * base
    assert fallen_m("mass_kg = 200\n") < 0.2 * base
    assert fallen_m("", "[environment]\nf107_sfu = 250\nkp = 5\n") > 1.5 * base


def test_a_table_flies_and_is_part_of_the_mission(tmp_path: Path) -> None:
    starts = load(SSO % "").starts
    (tmp_path / "my.oem").write_text(oem(starts, 7.0))
    loaded = load('oem = "my.oem"\n', folder=str(tmp_path))
    assert loaded.satellites[0].orbit_text == "the OEM of TABLE"
    assert period_s(loaded.satellites[0]) == pytest.approx(5677.0, abs=10.0)
    assert [name for _, name in named(loaded.mission)] == ["my.oem"]
    before = loaded.digest
    (tmp_path / "my.oem").write_text(oem(starts, 8.0))
    assert load('oem = "my.oem"\n', folder=str(tmp_path)).digest != before


@pytest.mark.parametrize(
    ("hours", "late_h", "words"),
    [
        (5.0, 0, ["2026-08-26T06:00:00Z to 2026-08-26T11:00:00Z", "end the mission within"]),
        (9.0, 1, ["2026-08-26T07:00:00Z to", "give states for 2026-08-26T06:00:00Z"]),
    ],
)
def test_a_table_that_does_not_cover_the_mission(tmp_path: Path, hours: float, late_h: int, words: list[str]) -> None:
    (tmp_path / "my.oem").write_text(oem(Instant(load(SSO % "").starts + late_h * HOUR), hours))
    with pytest.raises(MissionError) as caught:
        load('oem = "my.oem"\n', folder=str(tmp_path))
    assert all(word in str(caught.value) for word in words), caught.value
    assert caught.value.key == "satellite.oem"
    assert caught.value.line == 7


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (SSO % ", frozen = true, eccentricity = 0.01", "frozen = true finds it"),
        (SSO % ", frozen = true, argp_deg = 10", "frozen = true finds it"),
        ("orbit = { altitude_km = 600, inclination = 63.43, raan_deg = 0, frozen = true }\n", "63.43"),
        (ISS + "cluster = { satellites = 3, spacing_m = 100 }\n", "the orbit that the cluster flies around"),
        (SSO % "" + "cluster = { satellites = 9000, spacing_m = 9000 }\n", "wide"),
        (SSO % "" + 'oem = "x.oem"\n', "exactly one of orbit, tle, omm, oem, walker"),
        ('oem = "x.oem"\npropagation = "numerical"\n', "flown as they are"),
        ('oem = "none.oem"\n', "no such file"),
        (SSO % "" + 'propagation = "magic"\n', "propagation"),
        (
            (SSO % "").replace("547", "150") + 'propagation = "numerical"\nmass_kg = 5\ndrag_area_m2 = 3\n',
            "below 90 km at",
        ),
    ],
)
def test_what_cannot_be_flown_is_told(more: str, words: str) -> None:
    with pytest.raises(MissionError, match=words):
        load(more)


@pytest.mark.parametrize(
    ("epoch", "word"), [("2026-10-26T06:00:00Z", "before the start"), ("2026-07-01T06:00:00Z", "after the start")]
)
def test_elements_far_from_the_mission_are_refused(epoch: str, word: str) -> None:
    with pytest.raises(MissionError, match=rf"\d\d days {word}.*within 30 days"):
        load(ISS, HEAD.replace("2026-08-26T06:00:00Z", epoch))


def test_the_age_of_elements_is_said() -> None:
    assert ", 0.6 days before the start" in load(ISS).satellites[0].orbit_text
    head = HEAD.replace("2026-08-26", "2026-09-20")
    assert ", 25.6 days before the start" in load(ISS, head).satellites[0].orbit_text


def test_a_decayed_satellite_is_told() -> None:
    falling = ISS.replace("14485-3 0  9993", "94485-1 0  9999")
    with pytest.raises(MissionError, match=r"decay|checksum") as caught:
        load(falling, HEAD.replace("0.25", "20"))
    assert caught.value.key == "satellite.tle"


NUMERICAL = 'propagation = "numerical"\n'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("2026-03-20T12:00:00Z", "0001-03-20T12:00:00Z", "choose a year"),
        ("2026-03-20T12:00:00Z", "9999-03-20T12:00:00Z", "choose a year"),
        ("reserve = 0.35", NUMERICAL + "drag_area_m2 = 1e12", "m² a kilogram"),
        ("reserve = 0.35", NUMERICAL + "mass_kg = 1e-9", "m² a kilogram"),
        ("reserve = 0.35", "shed = { payload = 0.05, radio = 0.1, heating = 0.12 }", "satellite.shed"),
    ],
)
def test_what_cannot_fly_is_told_at_its_place(old: str, new: str, says: str) -> None:
    assert old in SMALL
    with pytest.raises(MissionError, match=r"test\.toml:[1-9]") as told:
        load_text(SMALL.replace(old, new))
    assert says in str(told.value)


@pytest.mark.parametrize(
    ("line", "first", "word"),
    [(2, 8, "     nan"), (2, 8, " 5x.6329"), (2, 52, "15.4962541O"), (2, 26, "OOO7673"), (1, 18, "26079,50000000")],
)
def test_a_line_of_elements_without_a_number_in_its_columns_is_refused(line: int, first: int, word: str) -> None:
    """SGP4's reader takes a NaN, and what stands before the first wrong letter, for a number."""
    lines = [
        "1 25544U 98067A   26079.50000000  .00007716  00000+0  14485-3 0  9994",
        "2 25544  51.6329 316.2335 0007673  83.1052 277.0809 15.49625410582525",
    ]
    TwoLine(*lines)
    wrong = lines[line - 1][:first] + word + lines[line - 1][first + len(word) :]
    total = sum(int(c) if c.isdigit() else c == "-" for c in wrong[:68]) % 10
    lines[line - 1] = wrong[:68] + str(total)
    with pytest.raises(DataError, match="columns"):
        TwoLine(*lines)
