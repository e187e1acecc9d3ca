"""View factors: closed forms, brute force, reciprocity, closure; and the exchange that they make."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics import (
    Conductor,
    Environment,
    Face,
    Node,
    ThermalNetwork,
    parallel_rectangles,
    perpendicular_rectangles,
    polygons,
    steady_state,
)
from orbitalcloud.physics.constants import STEFAN_BOLTZMANN_W_M2_K4 as SIGMA
from orbitalcloud.physics.heat import Sight
from orbitalcloud.physics.view_factor import exchange

Points = list[tuple[float, float, float]]


def rectangle(origin: tuple[float, float, float], one: tuple[float, float, float], two: Points) -> Points:
    o, a, b = (np.array(v) for v in (origin, one, two[0]))
    return [tuple(map(float, p)) for p in (o, o + a, o + a + b, o + b)]


SQUARE = rectangle((0, 0, 0), (1, 0, 0), [(0, 1, 0)])


def brute(first: Points, second: Points, cells: int = 60) -> float:
    """Double-area sum over two parallelograms cut into cells."""

    def grid(points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        p = np.array(points)
        u, v = p[1] - p[0], p[3] - p[0]
        s = (np.arange(cells) + 0.5) / cells
        normal = np.cross(u, v)
        area = float(np.linalg.norm(normal))
        spots = p[0] + s[:, None, None] * u + s[None, :, None] * v
        return spots.reshape(-1, 3), normal / area, area

    a, na, _ = grid(first)
    b, nb, area_b = grid(second)
    total = 0.0
    for spot in a:
        d = b - spot
        r2 = (d * d).sum(axis=1)
        total += float((np.abs(d @ na) * np.abs(d @ nb) / (math.pi * r2 * r2)).sum())
    return total * area_b / len(b) / len(a)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 20.0), st.floats(0.05, 20.0), st.floats(0.05, 20.0))
def test_contours_meet_the_closed_forms(width: float, length: float, third: float) -> None:
    low = rectangle((0, 0, 0), (width, 0, 0), [(0, length, 0)])
    high = [(x, y, third) for x, y, _ in low]
    assert polygons(low, high) == pytest.approx(parallel_rectangles(width, length, third), abs=2e-6, rel=2e-5)
    wall = rectangle((0, 0, 0), (0, length, 0), [(0, 0, third)])
    assert polygons(low, wall) == pytest.approx(perpendicular_rectangles(length, width, third), abs=1e-5, rel=1e-3)


def test_a_slanted_panel_against_brute_force() -> None:
    slanted = rectangle((1.5, -0.5, 0.3), (0.6, 0.0, 0.8), [(0.0, 2.0, 0.0)])
    assert polygons(SQUARE, slanted) == pytest.approx(brute(SQUARE, slanted), rel=2e-3)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 6.2), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(0.2, 3.0))
def test_reciprocity_and_rotation(angle: float, x: float, y: float, height: float) -> None:
    """A₁F₁₂ = A₂F₂₁, and turning both bodies together changes nothing."""
    other = rectangle((x, y, height), (0.7, 0.0, 0.0), [(0.0, 0.4, 0.0)])
    forth = polygons(SQUARE, other)
    assert forth == pytest.approx(0.28 * polygons(other, SQUARE), abs=1e-9)
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    turned = [[tuple(map(float, turn @ p)) for p in one] for one in (SQUARE, other)]
    assert polygons(turned[0], turned[1]) == pytest.approx(forth, abs=1e-9)


def test_six_sides_of_a_box_see_each_other_wholly() -> None:
    total = parallel_rectangles(2.0, 3.0, 1.5)
    total += 2 * perpendicular_rectangles(2.0, 3.0, 1.5) + 2 * perpendicular_rectangles(3.0, 2.0, 1.5)
    assert total == pytest.approx(1.0, abs=1e-12)


def test_two_grey_plates_exchange_as_the_textbook_says() -> None:
    """Large parallel plates: A σ (T₁⁴ − T₂⁴) / (1/ε₁ + 1/ε₂ − 1) (Incropera, eq. 13.24)."""
    pairs, space = exchange(np.array([2.0, 2.0]), np.array([0.8, 0.3]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert pairs[0, 1] == pytest.approx(2.0 / (1 / 0.8 + 1 / 0.3 - 1))
    assert np.allclose(space, 0.0)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.02, 1.0), st.floats(0.02, 1.0), st.floats(0.0, 1.0), st.floats(0.1, 10.0))
def test_what_leaves_arrives(first: float, second: float, view: float, area: float) -> None:
    """Each surface emits εA in all, to itself, the other and space; the pair is symmetric."""
    pairs, space = exchange(
        np.array([1.0, max(area, view)]), np.array([first, second]), np.array([[0.0, view], [0.0, 0.0]])
    )
    assert np.allclose(pairs, pairs.T)
    assert np.allclose(pairs.sum(axis=1) + space, np.array([first, second]) * [1.0, max(area, view)])


def network(view: float) -> ThermalNetwork:
    return ThermalNetwork(
        (Node("radiator", 100.0), Node("panel", 100.0), Node("core", 100.0)),
        (
            Face("radiator", 1.0, (0.0, 0.0, -1.0), 0.1, 0.9),
            Face("panel", 2.0, (1.0, 0.0, 0.0), 0.9, 0.8),
        ),
        (Conductor("core", "radiator", 5.0),),
        (),
        (Sight(0, "panel", view),) if view else (),
    )


def test_a_radiator_that_sees_a_hot_panel_runs_hotter_and_balances() -> None:
    alone = steady_state(network(0.0), {"core": 300.0, "panel": 900.0})
    beside = steady_state(network(0.2), {"core": 300.0, "panel": 900.0})
    assert beside["radiator"] > alone["radiator"] + 3.0
    # Oppenheim's radiosities: J = ε E + (1 − ε) F J, and what leaves is ε (E − what arrives)
    black = SIGMA * np.array([beside["radiator"], beside["panel"]]) ** 4
    view, grey = np.array([[0.0, 0.2], [0.1, 0.0]]), np.array([0.9, 0.8])
    radiosity = np.linalg.solve(np.eye(2) - (1.0 - grey)[:, None] * view, grey * black)
    leaves = np.array([1.0, 2.0]) * grey * (black - view @ radiosity)
    assert leaves == pytest.approx([300.0, 900.0], rel=1e-6)


def test_what_cannot_be_seen_is_refused() -> None:
    for wrong, says in (
        (lambda: parallel_rectangles(0.0, 1.0, 1.0), "width"),
        (lambda: perpendicular_rectangles(1.0, float("nan"), 1.0), "first"),
        (lambda: polygons(SQUARE[:2], SQUARE), "three or more"),
        (lambda: polygons([(0, 0, 0), (1, 0, 0), (2, 0, 0)], SQUARE), "area"),
        (lambda: polygons([*SQUARE[:3], (0.0, 1.0, 0.3)], [(0, 0, 1), (1, 0, 1), (1, 1, 1)]), "flat"),
        (lambda: polygons(SQUARE, [(0.5, 0.5, -1), (0.5, 0.7, 1), (0.7, 0.5, 1)]), "cross"),
        (lambda: exchange(np.ones(2), np.ones(2), np.array([[0.0, 1.2], [0.0, 0.0]])), "1 or less"),
        (lambda: exchange(np.ones(2), np.ones(2), np.array([[0.0, 0.4], [0.2, 0.0]])), "A₁ F₁₂"),
        (lambda: network(1.5), "view factor"),
    ):
        with pytest.raises(DataError, match=says):
            wrong()


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 6.2), st.floats(-1.0, 1.0))
def test_turning_faces_and_sun_about_the_vertical_changes_nothing(angle: float, height: float) -> None:
    """The Earth is round: a craft and its Sun turned together about nadir absorb and settle as before."""
    c, s = math.cos(angle), math.sin(angle)

    def turned(v: tuple[float, float, float]) -> tuple[float, float, float]:
        return c * v[0] - s * v[1], s * v[0] + c * v[1], v[2]

    level = math.sqrt(1.0 - height * height)
    normals = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.6, 0.0, -0.8), (0.0, -0.6, 0.8)]
    answers = []
    for turn in (lambda v: v, turned):
        faces = tuple(Face(f"n{i % 2}", 0.1 + 0.1 * i, turn(n), 0.4, 0.7) for i, n in enumerate(normals))
        made = ThermalNetwork((Node("n0", 1.0), Node("n1", 1.0)), faces, (Conductor("n0", "n1", 0.5),))
        around = Environment(1361.0, 1.0, turn((level, 0.0, height)))
        answers.append(steady_state(made, {"n0": 10.0}, around))
    assert answers[0] == pytest.approx(answers[1], abs=1e-6)
