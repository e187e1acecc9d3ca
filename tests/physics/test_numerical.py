"""What must be true of integration, whatever Orekit says: order, reversal, rotation, energy, shadows, ends, pickles."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import DataError
from orbitalcloud.core.time import DAY, HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    Ball,
    Design,
    Forces,
    GroundSite,
    Numerical,
    Orbits,
    TwoLine,
    circular,
    clohessy_wiltshire,
    cluster,
    contact_windows,
    density_profile,
    frozen,
    geometry,
    hill_frame_m,
    mean_design,
    numerical,
    osculating_teme,
    secular_rates,
    shadow_events,
    sun_synchronous,
)
from orbitalcloud.physics.constants import EARTH_J2, EARTH_MU_M3_S2, EARTH_RADIUS_M
from orbitalcloud.physics.dop853 import COUPLING, NODES, ORDER, WEIGHTS
from orbitalcloud.physics.forces import HIGHEST_DEGREE
from orbitalcloud.physics.frames import gcrs_to_teme
from orbitalcloud.physics.heavens import COLUMNS, MOON, POLE, SUN, teme_matrices
from orbitalcloud.physics.numerical import fly, march, state_of

EPOCH = parse_instant("2026-03-20T12:00:00Z")
BALL = Ball(20.0, 0.3, 2.2, 0.3, 1.3)
POINT = Forces(0, sun_and_moon=False, sunlight=False)
ZONAL = Forces(sun_and_moon=False, sunlight=False)
LEO = np.array([6.9e6, 0.0, 0.0, 0.0, 1_000.0, 7_500.0])


def still(hours: int, pole: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> np.ndarray:
    """Heavens in which nothing moves."""
    rows = np.zeros((hours + 4, COLUMNS))
    rows[:, POLE : POLE + 3] = pole
    rows[:, SUN : SUN + 3] = (1.4e11, 5e10, 2e10)
    rows[:, MOON : MOON + 3] = (-1e8, 3e8, 1e8)
    return rows


def test_the_method_is_consistent() -> None:
    assert np.allclose(COUPLING.sum(axis=1), NODES, atol=1e-15)
    assert [float((WEIGHTS * NODES**q).sum()) for q in range(8)] == pytest.approx([1 / (q + 1) for q in range(8)])


def test_halving_the_step_converges_at_the_eighth_order() -> None:
    heavens, end = still(8), 6 * 3600.0
    made = {}
    for step in (400.0, 200.0, 100.0, 25.0):
        made[step] = march(LEO, 3600.0, step, round(end / step), BALL, ZONAL, heavens)[-1, :3]
    gaps = [np.linalg.norm(made[step] - made[25.0]) for step in (400.0, 200.0, 100.0)]
    orders = [math.log2(gaps[0] / gaps[1]), math.log2(gaps[1] / gaps[2])]
    assert ORDER - 0.8 < orders[0] < ORDER + 1.5
    assert ORDER - 0.8 < orders[1] < ORDER + 1.5


def test_a_day_there_and_back() -> None:
    forces = Forces(air=density_profile(150.0, 3.0))
    there = fly(LEO, EPOCH, 120.0, 720, BALL, forces)[-1, :6]
    back = fly(there, Instant(EPOCH + DAY), -120.0, 720, BALL, forces)[-1, :6]
    # the light that changes within a step is met from the other side: 5e-8 m/s² for some seconds
    assert np.linalg.norm(back[:3] - LEO[:3]) < 0.5
    smooth = Forces(sunlight=False)
    there = fly(LEO, EPOCH, 120.0, 720, BALL, smooth)[-1, :6]
    back = fly(there, Instant(EPOCH + DAY), -120.0, 720, BALL, smooth)[-1, :6]
    assert np.linalg.norm(back[:3] - LEO[:3]) < 1e-3


@settings(max_examples=10, deadline=None)
@given(st.floats(0.0, 6.28))
def test_turning_everything_about_the_pole_changes_nothing(angle: float) -> None:
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    profile = density_profile(150.0, 3.0)
    forces = Forces(air=profile)
    heavens = still(8)
    turned = heavens.copy()
    for column in (SUN, MOON):
        turned[:, column : column + 3] = heavens[:, column : column + 3] @ turn.T
    plain = march(LEO, 3600.0, 120.0, 100, BALL, forces, heavens)[-1, :3]
    start = np.concatenate([turn @ LEO[:3], turn @ LEO[3:]])
    assert np.linalg.norm(march(start, 3600.0, 120.0, 100, BALL, forces, turned)[-1, :3] - turn @ plain) < 1e-3


def test_energy_and_the_polar_momentum_are_kept_under_zonals() -> None:
    """The potential is steady and round the pole: both hold, whatever the harmonics are."""
    states = march(LEO, 3600.0, 120.0, 720, BALL, Forces(HIGHEST_DEGREE, False, False), still(26))[:, :6]
    momentum = states[:, 0] * states[:, 4] - states[:, 1] * states[:, 3]
    assert np.ptp(momentum) / abs(momentum[0]) < 1e-11
    r = np.linalg.norm(states[:, :3], axis=1)
    kinetic = 0.5 * (states[:, 3:] ** 2).sum(axis=1)
    only_j2 = march(LEO, 3600.0, 120.0, 720, BALL, Forces(2, False, False), still(26))[:, :6]
    r = np.linalg.norm(only_j2[:, :3], axis=1)
    kinetic = 0.5 * (only_j2[:, 3:] ** 2).sum(axis=1)
    legendre = 0.5 * (3.0 * (only_j2[:, 2] / r) ** 2 - 1.0)
    energy = kinetic - EARTH_MU_M3_S2 / r * (1.0 - EARTH_J2 * (EARTH_RADIUS_M / r) ** 2 * legendre)
    assert np.ptp(energy) / abs(energy[0]) < 1e-11


@settings(max_examples=20, deadline=None)
@given(e=st.floats(0.0, 0.7), i=st.floats(0.01, 3.1), angles=st.tuples(*[st.floats(0.0, 6.28)] * 3))
def test_a_point_mass_gives_kepler(e: float, i: float, angles: tuple[float, float, float]) -> None:
    axis = 7.0e6 / (1.0 - e)
    design = Design(axis, e, i, *angles, EPOCH)
    start = Orbits.of([design]).state_teme(EPOCH)
    speed = start[1][0, 0].copy()
    kepler = math.sqrt(EARTH_MU_M3_S2 / axis**3)
    rates = secular_rates(axis, e, i)
    del rates
    from orbitalcloud.physics import equinoctial

    sense = equinoctial.sense_of(i)
    row = equinoctial.of_keplerian(np.array([[axis, e, i, *angles]]), sense)
    state = equinoctial.states(row, sense)[0]
    assert np.allclose(equinoctial.of_states(state[None], sense)[0, :5], row[0, :5], rtol=1e-9, atol=1e-9)
    assert np.linalg.norm(speed - state[3:]) < 30.0  # the design's velocity has the drift of its elements
    later = row.copy()
    later[0, 5] += kepler * 6 * 3600.0
    flown = march(state, 3600.0, 60.0, 360, BALL, POINT, still(8))[-1, :3]
    assert np.linalg.norm(flown - equinoctial.states(later, sense)[0, :3]) < 0.05


def test_states_do_not_depend_on_what_else_was_asked() -> None:
    times = EPOCH + np.arange(0, 4000, 37, dtype=np.int64) * SECOND
    design = sun_synchronous(547e3, 10.5, EPOCH)
    once = Orbits.of([numerical(design, EPOCH, BALL)]).position_teme_m(times)
    start = numerical(design, EPOCH, BALL)
    orbits = Orbits.of([start])
    orbits.position_teme_m([EPOCH - HOUR, EPOCH + DAY])
    orbits.position_teme_m([EPOCH + 3 * DAY])
    assert np.array_equal(orbits.position_teme_m(times), once)
    assert np.array_equal(pickle.loads(pickle.dumps(orbits)).position_teme_m(times), once)
    assert len(pickle.dumps(orbits)) < 2000  # what was integrated stays behind


def test_a_start_flies_everywhere() -> None:
    orbits = Orbits.of(
        [numerical(sun_synchronous(547e3, 10.5, EPOCH), EPOCH, BALL), sun_synchronous(547e3, 6.0, EPOCH)]
    )
    end = Instant(EPOCH + 6 * HOUR)
    site = GroundSite(math.radians(78.2), math.radians(15.4), 450.0, math.radians(5.0))
    assert {window.satellite for window in contact_windows(orbits, [site], EPOCH, end)} == {0, 1}
    assert any(event.satellite == 0 for event in shadow_events(orbits, EPOCH, end))
    assert np.isfinite(geometry(orbits, EPOCH, end).light).all()


def test_it_flies_the_mean_elements_that_it_was_given() -> None:
    """For a month under the harmonics, period and node stay the design's: 450 revolutions, some metres each."""
    design = frozen(sun_synchronous(547e3, 10.5, EPOCH))
    orbits = Orbits.of([design, numerical(design, EPOCH, BALL, ZONAL)])
    period_s = secular_rates(design.semi_major_axis_m, design.eccentricity, design.inclination_rad).nodal_period_s
    around = (np.arange(-48, 49) * period_s / 48 * SECOND).astype(np.int64)
    weights = np.bartlett(97) / np.bartlett(97).sum()
    states = orbits.state_teme(EPOCH + 30 * DAY + around)
    along = states[1][0] / np.linalg.norm(states[1][0], axis=1)[:, None]
    gap = states[0][1] - states[0][0]
    assert abs(weights @ (gap * along).sum(axis=1)) < 100.0  # of 2e10 m flown
    normal = np.cross(states[0][0], states[1][0])
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    assert abs(weights @ (gap * normal).sum(axis=1)) < 200.0


def test_the_mean_of_what_is_flown_is_the_design() -> None:
    design = Design(7.0e6, 0.01, 1.7, 1.0, 2.0, 0.5, EPOCH)
    again = mean_design(numerical(design, EPOCH, BALL))
    assert again.semi_major_axis_m == pytest.approx(7.0e6, abs=30.0)
    assert again.eccentricity == pytest.approx(0.01, abs=2e-5)
    assert again.inclination_rad == pytest.approx(1.7, abs=1e-5)
    assert (again.argp_rad + again.mean_anomaly_rad) % (2 * math.pi) == pytest.approx(2.5, abs=3e-5)


def test_a_frozen_perigee_stands_and_another_does_not() -> None:
    design = frozen(sun_synchronous(700e3, 10.5, EPOCH))
    full = Forces(HIGHEST_DEGREE, False, False)
    for one, still_there in ((design, True), (replace(design, eccentricity=0.004), False)):
        state = osculating_teme(one, full)
        start = Numerical(tuple(state[:3]), tuple(state[3:]), EPOCH, BALL, full)
        turned = teme_matrices(np.array([EPOCH]))[0].reshape(3, 3).T
        place, speed = turned @ state[:3], turned @ state[3:]
        start = Numerical(tuple(place), tuple(speed), EPOCH, BALL, full)
        late = replace(start, epoch=Instant(EPOCH))
        mean = mean_design(_moved(late, 20))
        k, h = mean.eccentricity * math.cos(mean.argp_rad), mean.eccentricity * math.sin(mean.argp_rad)
        drift = math.hypot(k, h - one.eccentricity)
        assert (drift < 2e-5) == still_there, drift


def _moved(start: Numerical, days: int) -> Numerical:
    at = EPOCH + days * DAY
    state = state_of(start, np.array([at], dtype=np.int64))[0].tolist()
    return Numerical(tuple(state[:3]), tuple(state[3:]), Instant(at), start.ball, start.forces)


@pytest.mark.parametrize("inclination", [63.43, 116.57, 0.0])
def test_there_is_no_frozen_orbit_there(inclination: float) -> None:
    with pytest.raises(DataError, match=r"63\.43|equator"):
        frozen(circular(700e3, math.radians(inclination), EPOCH, raan_rad=0.0))


def test_two_satellites_obey_clohessy_and_wiltshire() -> None:
    """Under a point mass, 100 m apart: the closed form holds to the square, some centimetres in an orbit."""
    n = math.sqrt(EARTH_MU_M3_S2 / 7e6**3)
    speed = math.sqrt(EARTH_MU_M3_S2 / 7e6)
    start = np.array([7e6, 0.0, 0.0, 0.0, speed, 0.0])
    relative = np.array([60.0, -80.0, 30.0, 0.05, -0.12, 0.02])
    # into the inertial frame: the Hill frame turns with n
    apart = np.concatenate([relative[:3], relative[3:] + np.cross([0.0, 0.0, n], relative[:3])])
    flown = [march(one, 3600.0, 60.0, 97, BALL, POINT, still(4))[:, :6] for one in (start, start + apart)]
    seen = hill_frame_m(flown[1][None], flown[0])[0]
    closed = clohessy_wiltshire(relative, n, np.arange(98) * 60.0)
    assert np.linalg.norm(seen - closed, axis=1).max() < 0.05
    assert np.ptp(closed[:, 1]) > 200.0


def test_a_cluster_holds_for_a_week_under_all_forces() -> None:
    members = cluster(frozen(sun_synchronous(650e3, 6.0, EPOCH, name="c")), 9, 100.0)
    forces = Forces(air=density_profile(150.0, 3.0))
    orbits = Orbits.of([numerical(one, EPOCH, Ball(500.0, 5.0, 2.2, 10.0, 1.3), forces) for one in members])
    times = EPOCH + 7 * DAY + np.arange(0, 98, 2, dtype=np.int64) * 60 * SECOND
    places = orbits.position_teme_m(times)
    gaps = np.linalg.norm(places[:, None] - places[None], axis=3) + np.eye(9)[:, :, None] * 1e9
    assert 95.0 < gaps.min() < 105.0
    assert np.linalg.norm(places - places[:1], axis=2).max() < 310.0


def test_clusters_refuse_what_cannot_be() -> None:
    middle = sun_synchronous(650e3, 6.0, EPOCH, name="c")
    for count, spacing, word in (
        (0, 100.0, "satellites"),
        (9, 0.1, "spacing"),
        (9, math.nan, "spacing"),
        (81, 9e4, "wide"),
    ):
        with pytest.raises(DataError, match=word):
            cluster(middle, count, spacing)


def test_drag_brings_it_down_and_says_when() -> None:
    low = numerical(
        circular(180e3, 1.0, EPOCH, raan_rad=0.0), EPOCH, Ball(3.0, 0.3), Forces(air=density_profile(220.0, 4.0))
    )
    orbits = Orbits.of([low], ["falling"])
    with pytest.raises(DataError, match=r"falling.*below 90 km at 2026-03-2"):
        orbits.position_teme_m([EPOCH + 20 * DAY])
    assert np.isfinite(orbits.position_teme_m([EPOCH + HOUR])).all()


@pytest.mark.parametrize(
    ("position", "velocity", "word"),
    [
        ((math.nan, 0.0, 7e6), (7.5e3, 0.0, 0.0), "finite"),
        ((0.0, 0.0, 7e6), (1.2e4, 0.0, 0.0), "eccentricity"),
        ((0.0, 0.0, 7e6), (1.0673e4, 0.0, 0.0), "eccentricity"),
        ((0.0, 0.0, 7e6), (7.0e3, 0.0, 0.0), "perigee"),
        ((0.0, 0.0, 7e6), (math.inf, 0.0, 0.0), "finite"),
    ],
)
def test_impossible_starts_are_refused(position: tuple, velocity: tuple, word: str) -> None:
    with pytest.raises(DataError, match=word):
        Numerical(position, velocity, EPOCH, BALL)


def test_impossible_bodies_and_forces_are_refused() -> None:
    with pytest.raises(DataError, match="mass"):
        Ball(0.0, 0.1)
    with pytest.raises(DataError, match="drag_area_m2"):
        Ball(1.0, math.nan)
    with pytest.raises(DataError, match="0 to 21"):
        Forces(22)
    with pytest.raises(DataError, match="finite profile"):
        Forces(air=np.full((36, 13), np.nan))


def test_sgp4_states_fly_on() -> None:
    """From SGP4's state of the ISS our forces stay within some kilometres of SGP4 for a few hours."""
    iss = TwoLine(
        "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927",
        "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537",
        "iss",
    )
    at = parse_instant("2008-09-20T13:00:00Z")
    both = Orbits.of([iss, numerical(iss, at, Ball(4e5, 2e3), Forces(sunlight=False))])
    places = both.position_teme_m(at + np.arange(0, 4, dtype=np.int64) * HOUR)
    gaps = np.linalg.norm(places[0] - places[1], axis=1)
    assert gaps[0] < 1e-3
    assert gaps.max() < 20e3


def test_matrices_between_hours_are_the_exact_ones() -> None:
    times = EPOCH + np.arange(0, 40, dtype=np.int64) * 1234 * SECOND
    assert np.abs(teme_matrices(times).reshape(-1, 3, 3) - gcrs_to_teme(times)).max() < 1e-11
