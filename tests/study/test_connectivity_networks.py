"""Networks of flows end to end: radios by budget, free topologies by brute force, relays, what links bind."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from orbitalcloud.core import MINUTE, MissionError
from orbitalcloud.mission import loads
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.connectivity import Connectivity
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.frames import look_angles, teme_to_itrs
from orbitalcloud.physics.link_atmosphere import attenuation
from orbitalcloud.physics.link_coding import TABLES
from orbitalcloud.study.connectivity import connectivity, fibre_rtt_s
from orbitalcloud.study.flow_paths import Network, Step, steps
from orbitalcloud.study.flow_places import ground_of
from study.cases_connectivity import relayed

HEAD = """
name = "m"
epoch = 2026-03-20T12:00:00Z
days = 0.03
"""
WALKER = """
[[satellite]]
name = "s"
bus = "microsat-150kg"
walker = { total = 264, planes = 12, phasing = 1, inclination_deg = 53, altitude_km = 1200 }
"""


def read(text: str):
    return loads((HEAD + text).encode(), "m.toml", ".")


def walked(loaded, topology: str, relays: bool) -> list[Step]:
    ground = ground_of(loaded)
    network = Network.of(loaded, ground, loaded.mission.connectivity, topology, relays)
    return list(steps(network, np.arange(loaded.starts, loaded.ends, 2 * MINUTE, dtype=np.int64)))


# Radios by budget -----------------------------------------------------------------------------------------------------

RADIOS = (
    WALKER.replace("264, planes = 12, phasing = 1", "5, planes = 1, phasing = 0").replace(
        "= 53, altitude_km = 1200", "= 3, altitude_km = 600"
    )
    + """
[connectivity]
topology = "none"
step_s = 20
mask_deg = 2
user_radio = "ka-band-smallsat"
user_up_mbps = 0.2
gateway_radio = "x-band-cubesat"
gateway_up_mbps = 9000
[[station]]
name = "hub"
latitude_deg = 1.3
longitude_deg = 103.8
height_m = 0
mask_deg = 2
air = "singapore"
jurisdiction = "SG"
[[station]]
name = "tromso"
site = "tromso"
mask_deg = 2
[[terminal]]
name = "ship"
latitude_deg = 3
longitude_deg = 101
mask_deg = 2
air = "singapore"
[[flow]]
source = "hub"
destination = "ship"
[[flow]]
source = "ship"
destination = "hub"
"""
)


def by_hand_bps(radio: str, air: str, elevation_rad: float, range_m: float) -> float:
    """The budget in decibels term by term, and the best of the code's table that closes."""
    one = catalogue().links[radio].down
    sky = attenuation(air, elevation_rad, one.frequency_mhz * 1e6)
    wet, dry = sky.gas_db + sky.cloud_db + sky.rain_db, sky.gas_db
    warm = 275.0 * (10.0 ** (-dry / 10.0) - 10.0 ** (-wet / 10.0))
    losses = one.transmit_loss_db + one.pointing_loss_db + one.polarisation_loss_db
    losses += one.implementation_loss_db + one.margin_db
    losses += 20.0 * math.log10(4.0 * math.pi * range_m * one.frequency_mhz * 1e6 / SPEED_OF_LIGHT_M_S)
    losses += float(np.squeeze(sky.total_db))
    noise = 10.0 * math.log10(1.380649e-23 * (one.system_temperature_k + float(np.squeeze(warm))))
    carrier = 10.0 * math.log10(one.radiated_w) + one.transmit_gain_dbi + one.receive_gain_dbi - losses - noise
    rates = [
        1e3 * symbols * code.bits_per_symbol
        for symbols in one.symbol_rates_kbaud
        for code in TABLES[one.coding]
        if carrier - 10.0 * math.log10(1e3 * symbols) >= code.required_es_n0_db
    ]
    return max(rates, default=0.0)


def test_rates_of_radios_are_their_budgets_at_each_elevation():
    loaded = read(RADIOS)
    down, up = connectivity(loaded).variants[0].flows
    places = ground_of(loaded).places
    ship = next(place for place in places if place.name == "ship")
    heard = []
    for k, step in enumerate(steps_of(loaded)):
        path = step.paths[0]
        if not path:
            assert down.rate_bps[k] == 0.0
            continue
        position = teme_to_itrs([step.at])[0] @ step.satellites_m[:, path[-2]]
        _, elevation, far = look_angles(
            math.radians(ship.latitude_deg), math.radians(ship.longitude_deg), 0.0, position[None]
        )
        angle, metres = float(elevation[0]), float(far[0])
        expected = by_hand_bps("ka-band-smallsat", "singapore", angle, metres) if angle >= math.radians(5.0) else 0.0
        assert down.rate_bps[k] == pytest.approx(expected)
        assert down.why[k] == "user down"
        heard.append((math.degrees(angle), expected))
        # its way up is by hand, and the station's way down is quicker
        assert up.why[k] == ("user up" if up.rate_bps[k] else "gateway")
    angles, rates = zip(*heard, strict=True)
    assert min(angles) < 5.0
    assert max(angles) > 30.0
    assert len(set(rates)) >= 4
    low = max(rate for angle, rate in heard if angle < 15.0)
    assert low < max(rate for angle, rate in heard if angle > 25.0)
    assert up.rate_bps.max() == 200e3


def steps_of(loaded):
    ground, settings = ground_of(loaded), loaded.mission.connectivity
    network = Network.of(loaded, ground, settings, settings.topology, settings.relays)
    return steps(network, np.arange(loaded.starts, loaded.ends, round(settings.step_s * 1e9), dtype=np.int64))


@pytest.mark.parametrize(
    ("old", "new", "place", "remedy"),
    [
        ('mask_deg = 2\nair = "singapore"\n[[flow]]', "mask_deg = 2\n[[flow]]", "terminal", "user_radio has a budget"),
        ('air = "singapore"\njurisdiction', "jurisdiction", "station", "gateway_radio has a budget"),
        ('source = "hub"', 'source = "paris"', "flow.source", 'city = "paris" and air'),
    ],
)
def test_a_budget_without_air_is_told_when_the_mission_loads(old, new, place, remedy):
    assert old in RADIOS
    with pytest.raises(MissionError, match=remedy) as told:
        read(RADIOS.replace(old, new, 1))
    assert place in str(told.value)
    assert "m.toml:" in str(told.value)


def test_air_is_not_asked_of_those_that_need_none():
    bare = RADIOS.replace('air = "singapore"\n', "")
    by_hand = bare.replace("gateway_up_mbps", "user_down_mbps = 2\ngateway_down_mbps = 3\ngateway_up_mbps")
    assert connectivity(read(by_hand)).variants[0].flows[0].rate_bps.max() == 2e6


# Free topologies ------------------------------------------------------------------------------------------------------

CHANCE = np.random.default_rng(7)
RANDOM = "".join(
    f'[[satellite]]\nname = "r{k}"\nbus = "microsat-150kg"\norbit = {{ altitude_km = {h:.3f}, inclination = {i:.3f}, '
    f"raan_deg = {node:.3f}, phase_deg = {phase:.3f} }}\n"
    for k, (h, i, node, phase) in enumerate(CHANCE.uniform([600, 30, 0, 0], [1500, 100, 360, 360], (36, 4)))
)
FREE = (
    RANDOM
    + WALKER.replace("264, planes = 12", "30, planes = 5").replace("1200", "800")
    + """
[connectivity]
topology = "free"
terminals = 3
range_km = 5000
grazing_height_km = 80
step_s = 120
mask_deg = 5
isl_mbps = 30
user_up_mbps = 20
user_down_mbps = 100
[[flow]]
source = "london"
destination = "new-york"
[[flow]]
source = "sydney"
destination = "tokyo"
"""
)


def clear(one: np.ndarray, other: np.ndarray, grazing_m: float) -> bool:
    """Whether a line's nearest point to the Earth's centre stays above the WGS 84 ellipsoid grown by `grazing_m`."""
    a, b = 6378137.0 + grazing_m, 6356752.314245 + grazing_m
    scale = np.array([1.0 / a, 1.0 / a, 1.0 / b])
    p, q = one * scale, other * scale
    t = np.clip(-(p @ (q - p)) / ((q - p) @ (q - p)), 0.0, 1.0)
    return bool(np.linalg.norm(p + t * (q - p)) > 1.0)


def test_a_free_network_is_the_brute_force_choice_at_every_step():
    loaded = read(FREE)
    held: set[tuple[int, int]] = set()
    count, changed, lengths = 66, [], []
    for step in walked(loaded, "free", False):
        r = step.satellites_m.T
        far = {(i, j): float(np.linalg.norm(r[i] - r[j])) for i, j in combinations(range(count), 2)}
        fit = {pair for pair, length in far.items() if length <= 5e6 and clear(r[pair[0]], r[pair[1]], 80e3)}
        used, chosen = [0] * count, set()
        for pair in [*(held & fit), *sorted(fit - held, key=far.__getitem__)]:
            if max(used[pair[0]], used[pair[1]]) < 3:
                used[pair[0]], used[pair[1]] = used[pair[0]] + 1, used[pair[1]] + 1
                chosen.add(pair)
        ours = {(int(code) // count, int(code) % count) for code in step.linked}
        assert ours <= fit
        assert np.bincount(np.array(sorted(ours)).ravel(), minlength=count).max() <= 3
        assert sum(map(far.__getitem__, ours)) == pytest.approx(sum(map(far.__getitem__, chosen)))
        assert ours == chosen
        changed.append(len(ours ^ held))
        lengths.append(of_scipy(step, ours, loaded, ()))
        assert step.lengths_m == pytest.approx(lengths[-1])
        held = ours
    study = connectivity(loaded).variants[0]
    assert study.link_changes.tolist() == [0, *changed[1:]]
    assert study.link_changes.sum() > 20
    assert study.links.min() > 20
    rtt = 2.0 * np.array(lengths).T / SPEED_OF_LIGHT_M_S
    for flow, theirs in zip(study.flows, rtt, strict=True):
        assert np.nan_to_num(flow.rtt_s, nan=math.inf) == pytest.approx(theirs)
    assert any(flow.available > 0.0 for flow in study.flows)


def of_scipy(step: Step, links, loaded, relays) -> list[float]:
    """Each flow's least length by SciPy; places end paths, but for the stations of `relays`."""
    ground, count = ground_of(loaded), step.satellites_m.shape[1]
    turn = teme_to_itrs([step.at])[0]
    r, total = step.satellites_m.T, step.satellites_m.shape[1] + len(ground.places)
    edges = {pair: float(np.linalg.norm(r[pair[0]] - r[pair[1]])) for pair in links}
    for number, place in enumerate(ground.places):
        latitude, longitude = math.radians(place.latitude_deg), math.radians(place.longitude_deg)
        _, elevation, far = look_angles(latitude, longitude, place.height_m, r @ turn.T)
        for satellite in np.flatnonzero(elevation >= math.radians(place.mask_deg)):
            edges[int(satellite), count + number] = float(far[satellite])
    out = []
    for flow in ground.flows:
        closed = {count + k for k in range(len(ground.places)) if k not in relays} - {
            count + flow.source,
            *(count + end for end in flow.destinations),
        }
        keep = [(a, b, length) for (a, b), length in edges.items() if not {a, b} & closed]
        rows, columns, weights = zip(*keep, strict=True)
        graph = csr_matrix((weights, (rows, columns)), shape=(total, total))
        reached = dijkstra(graph, directed=False, indices=count + flow.source)
        out.append(min(float(reached[count + end]) for end in flow.destinations))
    return out


# Relays ---------------------------------------------------------------------------------------------------------------

RELAYED = (
    WALKER
    + """
[connectivity]
topology = "+grid"
relays = true
step_s = 120
mask_deg = 25
isl_mbps = 30
user_up_mbps = 20
user_down_mbps = 100
gateway_up_mbps = 50
gateway_down_mbps = 40
"""
    + "".join(
        f'[[station]]\nname = "{name}"\nlatitude_deg = {at[0]}\nlongitude_deg = {at[1]}\nmask_deg = 25\n'
        'jurisdiction = "US"\n'
        for name, at in {"a": (47.7, -117.4), "b": (46.8, -100.8), "c": (41.3, -96), "d": (42.3, -83)}.items()
    )
    + """
[[flow]]
source = "seattle"
destination = "new-york"
[[flow]]
source = "seattle"
destination = "d"
"""
)


def test_a_grid_and_a_mesh_find_the_same_paths_on_one_mission():
    table = RELAYED.index("[[station]]"), RELAYED.index("[[flow]]")
    loaded = read(RELAYED[: table[0]] + RELAYED[table[1] :].replace('"d"', '"rio-de-janeiro"'))
    # relays where no station is: nothing else but the other kernel
    lengths = []
    for one, other in zip(walked(loaded, "+grid", False), walked(loaded, "+grid", True), strict=True):
        assert np.array_equal(one.linked, other.linked)
        assert len(one.linked) == 528
        assert one.lengths_m == pytest.approx(other.lengths_m, rel=1e-13)
        assert one.paths == other.paths
        lengths.append(one.lengths_m)
    assert np.isfinite(lengths).any(axis=0).all()


def test_relays_are_the_shortest_way_over_stations_too():
    loaded = read(RELAYED)
    for topology in ("+grid", "none"):
        lengths = []
        for step in walked(loaded, topology, True):
            links = [(int(code) // 264, int(code) % 264) for code in step.linked]
            assert step.lengths_m == pytest.approx(of_scipy(step, links, loaded, range(4)))
            lengths.append(step.lengths_m)
        assert np.isfinite(lengths).any()


def test_without_lasers_relays_carry_what_nothing_else_does():
    lasers, relays, neither = connectivity(read(RELAYED)).variants
    assert (lasers.topology, relays.topology, neither.topology) == ("+grid, relays", "none, relays", "none")
    assert neither.flows[0].available < relays.flows[0].available <= lasers.flows[0].available
    both = np.isfinite(relays.flows[0].rtt_s)
    assert np.all(lasers.flows[0].rtt_s[both] <= relays.flows[0].rtt_s[both] + 1e-12)
    assert relays.flows[0].satellites[both].max() >= 2


def test_handleys_finding_holds_on_the_packaged_mission():
    """Relays without lasers beat fibre over land, lasers beat relays; over an ocean there are none (HotNets 2019)."""
    made = relayed()
    lasers, relays, neither = made.variants
    for number in range(3):
        assert relays.flows[number].available == 1.0
        medians = [one.flows[number].rtt_quantiles_s()[1] for one in (lasers, relays)]
        assert medians[0] < medians[1] < fibre_rtt_s(made.ground, number)
        assert neither.flows[number].available == 0.0
    assert lasers.flows[3].available == 1.0
    assert relays.flows[3].available == 0.0


# What binds -----------------------------------------------------------------------------------------------------------

SHARED = (
    """
[[satellite]]
name = "w"
bus = "microsat-150kg"
walker = { total = 40, planes = 1, phasing = 0, inclination_deg = 0, altitude_km = 1200 }
[connectivity]
topology = "+grid"
step_s = 30
mask_deg = 10
isl_mbps = 30
user_up_mbps = 100
user_down_mbps = 200
"""
    + "".join(
        f'[[terminal]]\nname = "{name}"\nlatitude_deg = 0\nlongitude_deg = {longitude}\n'
        for name, longitude in {"west": -40, "west-too": -40.01, "mid": 0, "east": 40, "east-too": 40.01}.items()
    )
    + "".join(
        f'[[flow]]\nsource = "{a}"\ndestination = "{b}"\n{demand}'
        for a, b, demand in (
            ("west", "east", ""),
            ("west-too", "east-too", ""),
            ("mid", "east", "demand_mbps = 4\n"),
            ("east", "west", ""),
        )
    )
)


def test_a_shared_link_between_satellites_binds_and_is_shared_fairly():
    loaded = read(SHARED)
    made = connectivity(loaded).variants[0]
    together = 0
    for k, step in enumerate(steps_of(loaded)):
        assert all(step.paths)
        ways = [set(pairwise(path[1:-1])) for path in step.paths]
        first, second, third, back = (float(flow.rate_bps[k]) for flow in made.flows)
        assert back == 30e6  # alone on its way, and the capacity is each way's own
        assert made.flows[3].why[k] == "between satellites"
        assert third == 4e6
        assert made.flows[2].why[k] == "demand"
        if ways[0] & ways[1]:
            share = 13e6 if ways[0] & ways[1] & ways[2] else 15e6
            three = [link for link in ways[0] | ways[1] if sum(link in way for way in ways[:3]) == 3]
            assert (first, second) == pytest.approx((share, share)) or not three
            assert {made.flows[0].why[k], made.flows[1].why[k]} == {"between satellites"}
            together += 1
    assert together > 10
    assert made.flows[0].bounds == {"between satellites": 1.0}
    assert isinstance(loaded.mission.connectivity, Connectivity)
