"""Packets over links: in order, never faster than the rate, none made and none lost without being counted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from orbitalcloud.core import MILLISECOND, SECOND, Contact, DataError, Instant, Seed
from orbitalcloud.core.contact import varying
from orbitalcloud.study.connectivity import connectivity
from orbitalcloud.twin.addresses import Directory, addresses, hosts_table
from orbitalcloud.twin.contacts import Opening
from orbitalcloud.twin.emulation import Pace, chosen_nodes, losses_of, packet_network
from orbitalcloud.twin.medium import Loss, Medium
from orbitalcloud.twin.packets import FULL, NO_WAY, NOT_OURS, PacketLimits, PacketNetwork, Ways
from orbitalcloud.twin.users import connected
from orbitalcloud.twin.world import World
from small_missions import SMALL, load_text

LIGHT_NS = 7 * MILLISECOND


def network(*contacts: Contact, loss_ppm: int = 0, limits: PacketLimits | None = None, losses=()) -> PacketNetwork:
    base = {(one.sender, one.receiver): loss_ppm for one in contacts}
    return PacketNetwork(
        Medium(Seed.of(5), base, list(losses)),
        [Opening(one, one.closes) for one in sorted(contacts, key=lambda one: one.opens)],
        lambda sender, receiver, at: LIGHT_NS,
        lambda pairs, at: [LIGHT_NS] * len(pairs),
        limits,
    )


def link(sender: str, receiver: str, rate_bps: int = 1_000_000, opens: float = 0, closes: float = 100) -> Contact:
    return Contact(sender, receiver, Instant(int(opens * SECOND)), Instant(int(closes * SECOND)), rate_bps, "s")


PACKETS = st.lists(
    st.tuples(st.integers(0, 20 * MILLISECOND), st.sampled_from(["ab", "ba", "ac", "bc"]), st.integers(20, 1500)),
    max_size=60,
)


@given(PACKETS, st.integers(10_000, 20_000_000), st.sampled_from([0, 100_000, 1_000_000]), st.integers(20, 40_000))
@settings(deadline=None, max_examples=150)
def test_in_order_within_the_rate_and_every_packet_accounted_for(packets, rate_bps, loss_ppm, least):
    limits = PacketLimits(queue_least_bytes=least)
    net = network(*(link(*pair, rate_bps) for pair in ("ab", "ba", "bc", "cb")), loss_ppm=loss_ppm, limits=limits)
    now, arrived = Instant(0), []
    for index, (pause, pair, size) in enumerate(packets):
        now = Instant(now + pause)
        net.enter(now, pair[0], pair[1], index.to_bytes(4, "big") + bytes(size - 4))
        arrived += net.due(now)
        backlog = max(net.lanes[one].backlog_bytes(now) for one in net.lanes)
        assert backlog <= max(least, rate_bps * limits.queue_ns // (8 * SECOND))
        dropped = sum(net.counts.values()) - net.counts["entered"] - net.counts["delivered"]
        assert net.counts["entered"] == index + 1 == net.counts["delivered"] + dropped + net.on_way
    arrived += net.due(Instant(99 * SECOND))
    assert net.on_way == net.on_way_bytes == 0
    for pair in ("ab", "ba", "ac", "bc"):
        mine = [
            (at, int.from_bytes(body[:4], "big"), len(body))
            for at, _, body in arrived
            if packets[int.from_bytes(body[:4], "big")][1] == pair
        ]
        assert [number for _, number, _ in mine] == sorted(number for _, number, _ in mine)
        for (before, _, _), (after, _, size) in pairwise(mine):
            assert (after - before) * rate_bps >= (size * 8 - 1) * SECOND, "faster than the link"
    if loss_ppm == 1_000_000:
        assert not arrived


def test_a_packet_takes_its_size_over_the_rate_and_a_light_time_on_each_link():
    net = network(link("a", "b", 8_000_000), link("b", "c", 1_000_000))
    net.enter(Instant(0), "a", "c", bytes(1000))
    expected = MILLISECOND + LIGHT_NS + 8 * MILLISECOND + LIGHT_NS
    assert net.next_at() == MILLISECOND + LIGHT_NS, "first it is at b"
    assert net.due(Instant(expected - 1)) == []
    assert net.due(Instant(expected + SECOND)) == [(expected, "c", bytes(1000))]


def test_a_rate_that_changes_through_the_pass_changes_the_delay():
    steps = ((Instant(0), 8_000_000), (Instant(SECOND), 80_000))
    net = network(varying("a", "b", Instant(9 * SECOND), steps, "s"))
    net.enter(Instant(SECOND // 2), "a", "b", bytes(1000))
    assert net.due(Instant(SECOND))[0][0] == SECOND // 2 + MILLISECOND + LIGHT_NS
    net.enter(Instant(2 * SECOND), "a", "b", bytes(1000))
    assert net.due(Instant(3 * SECOND))[0][0] == 2 * SECOND + 100 * MILLISECOND + LIGHT_NS


def test_a_full_queue_drops_the_newest_and_a_closed_link_everything():
    net = network(link("a", "b", 8000, closes=2), limits=PacketLimits(queue_ns=0, queue_least_bytes=1000))
    for number in range(3):
        net.enter(Instant(0), "a", "b", bytes([number]) * 500)
    assert (net.counts[FULL], net.lanes["a", "b"].full) == (1, 1)
    net.enter(Instant(2 * SECOND), "a", "b", bytes(10))
    assert net.counts[NO_WAY] == 1
    assert [body[0] for _, _, body in net.due(Instant(3 * SECOND))] == [0, 1]


def test_loss_and_outage_are_the_mediums_and_a_way_avoids_a_station_that_is_out():
    out = Loss("b", Instant(10 * SECOND), Instant(20 * SECOND), 1_000_000)
    net = network(link("a", "b"), link("b", "d"), link("a", "c", 100_000), link("c", "d"), losses=[out])
    assert net.way(Instant(0), "a", "d") == ("a", "b", "d")
    assert net.way(Instant(11 * SECOND), "a", "d") == ("a", "c", "d")
    assert net.way(Instant(21 * SECOND), "a", "d") == ("a", "b", "d")
    lossy = network(link("a", "b", 100_000_000), loss_ppm=100_000)
    for number in range(2000):
        lossy.enter(Instant(number * MILLISECOND), "a", "b", bytes(100))
    lost = 2000 - len(lossy.due(Instant(9 * SECOND)))
    assert abs(lost - 200) < 4.5 * (2000 * 0.1 * 0.9) ** 0.5, "binomial: 4.5 standard deviations"
    assert lossy.lanes["a", "b"].lost == lost


@given(st.dictionaries(st.tuples(st.integers(0, 7), st.integers(0, 7)), st.integers(1, 1000), max_size=40))
@settings(deadline=None, max_examples=80)
def test_ways_are_as_short_as_scipys(costs):
    costs = {pair: cost for pair, cost in costs.items() if pair[0] != pair[1]}
    matrix = np.zeros((8, 8))
    for (one, other), cost in costs.items():
        matrix[one, other] = cost
    wanted = dijkstra(csr_array(matrix))
    names = sorted(costs)
    ways = Ways([(str(one), str(other)) for one, other in names])
    ways.choose([costs[pair] for pair in names])
    for start in range(8):
        for target in range(8):
            if start == target:
                continue
            total, at = 0, str(start)
            while at != str(target) and (step := ways.next_hop(at, str(target))) is not None:
                total, at = total + costs[int(at), int(step)], step
            assert (total if at == str(target) else np.inf) == wanted[start, target]


def test_addresses_are_found_in_both_kinds_of_header_and_nothing_else_is_ours():
    known = addresses([f"n{number}" for number in range(300)])
    assert str(known[299].ipv4) == "10.77.1.44"
    assert "fd77::12c n299" in hosts_table(known)
    book = Directory(known)
    four = bytes([0x45]) + bytes(11) + known[0].ipv4.packed + known[1].ipv4.packed
    six = bytes([0x60]) + bytes(7) + known[2].ipv6.packed + known[299].ipv6.packed
    assert book.ends(four) == ("n0", "n1")
    assert book.ends(six) == ("n2", "n299")
    assert book.ends(four[:19]) == book.ends(six[:39]) == book.ends(b"") == book.ends(bytes(60)) == ("", "")
    net = network(link("a", "b"))
    net.enter(Instant(0), "a", "", b"multicast")
    assert net.counts[NOT_OURS] == 1


# Of a mission ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mission():
    return load_text(SMALL + '[[fault]]\nkind = "station-outage"\nat_h = 1\ntarget = "inuvik"\nduration_min = 30\n')


def test_a_missions_links_are_the_worlds_contacts_with_the_worlds_light_time(mission):
    world = World(mission)
    first = next(one for one in world.contacts() if one.receiver == "sat" and one.sender == "svalbard")
    until = Instant(first.closes + 60 * SECOND)
    net = packet_network(mission, Pace(mission.starts), until, space_only=True)
    middle = Instant((first.opens + first.closes) // 2)
    net.enter(middle, "svalbard", "sat", bytes(1000))
    leaves = Instant(middle + 8000 * SECOND // first.rate_bps)
    ((at, _, _),) = net.due(Instant(middle + SECOND))
    assert at == leaves + world.light_time_ns("svalbard", "sat", leaves)
    assert net.way(Instant(first.closes + SECOND), "svalbard", "sat") == ()
    guess = net._delays([("svalbard", "sat"), ("inuvik", "svalbard")], leaves)
    assert guess[0] == pytest.approx(at - leaves, abs=2), "what ways are chosen by is what packets take"
    assert guess[1] == pytest.approx(world.light_time_ns("inuvik", "svalbard", leaves), abs=1)


def test_a_faster_clock_moves_contacts_and_faults_but_neither_delays_nor_rates(mission):
    pace = Pace(mission.starts, 10.0)
    slow = packet_network(mission, Pace(mission.starts), Instant(mission.starts + 3600 * SECOND))
    fast = packet_network(mission, pace, Instant(mission.starts + 3600 * SECOND))
    for one, other in zip(slow._openings, fast._openings, strict=True):
        assert other.contact.rate_bps == one.contact.rate_bps
        assert pace.mission(other.contact.opens) == pytest.approx(one.contact.opens, abs=10)
        assert other.until - mission.starts == pytest.approx((one.until - mission.starts) / 10, abs=1)
    (outage,) = losses_of(mission, pace)
    assert outage.begins == mission.starts + 360 * SECOND
    at = Instant(mission.starts + SECOND)
    for net in (slow, fast):
        net.enter(at, "svalbard", "inuvik", bytes(100))
    assert slow.due(Instant(at + SECOND)) == fast.due(Instant(at + SECOND)) != []


def test_nodes_are_chosen_by_name_or_all_of_a_small_mission(mission):
    assert chosen_nodes(mission) == ("svalbard", "inuvik", "sat")
    assert chosen_nodes(mission, ["sat", "inuvik", "sat"]) == ("sat", "inuvik")
    with pytest.raises(DataError, match="this mission has svalbard, inuvik, sat"):
        chosen_nodes(mission, ["mars"])
    with pytest.raises(DataError, match="choose 2 to 250"):
        chosen_nodes(mission, ["sat"])


NETWORK = """
name = "shell"
epoch = 2026-03-20T12:00:00Z
days = 0.02
seed = 1

[[satellite]]
name = "s"
bus = "microsat-150kg"
walker = { total = 240, planes = 12, phasing = 1, inclination_deg = 60, altitude_km = 1000 }

[connectivity]
topology = "+grid"
mask_deg = 20
isl_mbps = 1000
user_up_mbps = 100
user_down_mbps = 100
gateway_up_mbps = 100
gateway_down_mbps = 100

[[station]]
name = "goonhilly"
latitude_deg = 50.05
longitude_deg = -5.18
jurisdiction = "GB"

[[terminal]]
name = "ascension"
latitude_deg = -7.95
longitude_deg = -14.36

[[flow]]
source = "london"
destination = "new-york"

[[flow]]
source = "ascension"
destination = "goonhilly"
"""


def test_a_packet_between_users_takes_what_the_connectivity_study_says_of_the_path():
    """Two programs, one sky: `study.connectivity` measures paths at instants, here a packet flies one."""
    loaded = load_text(NETWORK)
    whole, silent = connected(loaded)
    assert [one.name for one in whole.stations] == ["goonhilly", "ascension", "london", "new-york"]
    assert silent == {"goonhilly", "ascension", "london", "new-york"}
    net = packet_network(whole, Pace(whole.starts), whole.ends, silent=silent)
    flows = connectivity(loaded).variants[0].flows
    told = 0
    for minute in range(0, 28, 3):
        at = Instant(whole.starts + minute * 60 * SECOND)
        for flow in flows:
            way = net.way(at, flow.source, flow.destination)
            assert bool(way) == bool(np.isfinite(flow.rtt_s[minute]))
            if way:
                net.enter(at, flow.source, flow.destination, bytes(100))
                ((arrived, _, _),) = net.due(Instant(at + SECOND))
                on_links_ns = 2 * 8_000 + (len(way) - 3) * 800
                assert arrived - at - on_links_ns == pytest.approx(flow.rtt_s[minute] / 2 * SECOND, abs=2000)
                told += 1
    assert told > 15


def test_a_mission_whose_links_choose_each_other_anew_is_refused_in_words():
    with pytest.raises(DataError, match="links satellites that stay linked"):
        connected(load_text(NETWORK.replace('"+grid"', '"free"')))
    mission = load_text(SMALL)
    assert connected(mission) == (mission, frozenset())
