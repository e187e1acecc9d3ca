"""Connectivity: the published cases, coverage by chance, a mission's flows, and what cannot be."""

from __future__ import annotations

import math

import numpy as np
import pytest

import validation
from orbitalcloud.core import DataError, MissionError
from orbitalcloud.mission import loads
from orbitalcloud.physics import IslLimits, Orbits, visible, walker
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.coverage import seen_by_latitude
from orbitalcloud.physics.frames import itrs_of_geodetic, up_of_geodetic
from orbitalcloud.physics.mesh import free_links, sights
from orbitalcloud.study.connectivity import connectivity
from orbitalcloud.study.flow_places import great_circle_m
from study.cases_connectivity import CASES, EPOCH, PATHS, over_kuiper

MISSION = """
name = "m"
epoch = 2026-03-20T12:00:00Z
days = 0.02
[[satellite]]
name = "s"
bus = "microsat-150kg"
walker = { total = 264, planes = 12, phasing = 1, inclination_deg = 53, altitude_km = 1200 }
[connectivity]
topology = "+grid"
step_s = 120
isl_mbps = 30
user_up_mbps = 20
user_down_mbps = 100
gateway_up_mbps = 50
gateway_down_mbps = 40
[[station]]
name = "hub"
latitude_deg = 45
longitude_deg = 5
mask_deg = 10
jurisdiction = "FR"
[[flow]]
source = "london"
destination = "new-york"
[[flow]]
source = "paris"
destination = "any-station"
demand_mbps = 5
[[terminal]]
name = "pole"
latitude_deg = 89
longitude_deg = 0
[[flow]]
source = "pole"
destination = "hub"
"""


def made(text: str):
    return connectivity(loads(text.encode(), "m.toml", "."))


@pytest.mark.parametrize("case", CASES, ids=validation.name)
def test_published_cases(case):
    validation.holds(case)


@pytest.mark.parametrize("key", PATHS)
def test_the_path_is_hypatias_satellite_for_satellite(key):
    assert over_kuiper(*key)[1] == PATHS[key]


def test_coverage_is_that_of_points_drawn_by_chance():
    position = np.ascontiguousarray(
        Orbits.of(walker(100, 10, 3, math.radians(60.0), 800e3, EPOCH)).position_teme_m([EPOCH])[:, 0].T
    )
    draw = np.random.default_rng(5)
    for latitude in (-90.0, -63.0, -10.0, 0.0, 47.0, 70.0):
        phi, turn = np.full(20_000, math.radians(latitude)), draw.uniform(-math.pi, math.pi, 20_000)
        seen = sights(position, itrs_of_geodetic(phi, turn, 0.0), up_of_geodetic(phi, turn), np.full(20_000, 0.2))
        counts = np.bincount(np.minimum(np.diff(seen.starts), 4), minlength=5) / 20_000
        ours = seen_by_latitude(position, np.radians([latitude]), 0.2, 4)[0]
        assert ours.sum() == pytest.approx(1.0)
        assert ours == pytest.approx(counts, abs=0.015)


def test_a_free_topology_is_the_greedy_choice_over_all_pairs():
    position = np.ascontiguousarray(
        Orbits.of(walker(90, 9, 2, math.radians(70.0), 900e3, EPOCH)).position_teme_m([EPOCH])[:, 0].T
    )
    limits = IslLimits(5e6)
    pairs = [tuple(pair) for pair in visible(np.ascontiguousarray(position.T), limits).pairs().tolist()]
    far = {pair: float(np.linalg.norm(position[:, pair[0]] - position[:, pair[1]])) for pair in pairs}
    used, chosen = [0] * 90, set()
    for one, other in sorted(pairs, key=lambda pair: (round(far[pair], 6), pair)):
        if used[one] < 3 and used[other] < 3:
            used[one], used[other] = used[one] + 1, used[other] + 1
            chosen.add((one, other))
    first, second, lengths = free_links(position, 3, limits)
    assert sum(far[pair] for pair in chosen) == pytest.approx(float(lengths.sum()), rel=0.01)
    assert np.bincount(np.concatenate([first, second]), minlength=90).max() <= 3
    held = first * 90 + second
    assert set(held.tolist()) == set((lambda a: a[0] * 90 + a[1])(free_links(position, 3, limits, held)).tolist())


def test_a_missions_flows():
    study = made(MISSION)
    own, bent = study.variants
    assert (own.topology, bent.topology) == ("+grid", "none")
    atlantic, paris, pole = own.flows
    there = atlantic.rtt_s[np.isfinite(atlantic.rtt_s)]
    least = 2.0 * great_circle_m(*(study.ground.places[i] for i in (1, 2))) / SPEED_OF_LIGHT_M_S
    assert len(there)
    assert there.min() > least
    assert np.all(atlantic.rate_bps[np.isfinite(atlantic.rtt_s)] == 20e6)
    assert paris.rate_bps.max() == 5e6
    assert paris.available == bent.flows[1].available > 0.0
    assert pole.available == 0.0
    assert np.isnan(pole.rtt_s).all()
    assert pole.rate_bps.max() == 0.0
    assert pole.handovers == pole.path_changes == 0
    assert bent.flows[0].available == 0.0


def test_the_mesh_gives_what_the_grid_gives_and_processing_counts_once_a_satellite():
    grid = made(MISSION).variants[0].flows[0]
    mesh = made(MISSION.replace("step_s", "relays = true\nstep_s")).variants[0].flows[0]
    assert np.all(mesh.rtt_s[np.isfinite(grid.rtt_s)] <= grid.rtt_s[np.isfinite(grid.rtt_s)] + 1e-12)
    slow = made(MISSION.replace("step_s", "processing_ms = 100\nstep_s")).variants[0].flows[1]
    light = made(MISSION).variants[0].flows[1]
    one = (light.satellites == 1) & (slow.satellites == 1)
    assert one.any()
    assert slow.rtt_s[one] == pytest.approx(light.rtt_s[one] + 0.2)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('source = "london"', 'source = "londom"', 'did you mean "london"'),
        ("latitude_deg = 89", "latitude_deg = 95", "latitude_deg"),
        ("demand_mbps = 5", "demand_mbps = nan", "demand_mbps"),
        ("isl_mbps = 30\n", "", "isl_radio"),
        ('destination = "hub"', 'destination = "pole"', "another place"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(old, new, words):
    with pytest.raises(MissionError, match=words):
        loads(MISSION.replace(old, new).encode(), "m.toml", ".")


def test_a_mission_without_flows_says_so():
    text = MISSION.split("[connectivity]")[0]
    with pytest.raises(DataError, match="no \\[connectivity\\]"):
        made(text)
