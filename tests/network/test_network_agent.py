"""Agents joined by links lose nothing and deliver nothing twice."""

from __future__ import annotations

import pickle

import pytest

from orbitalcloud.core import SECOND, Contact, DataError, Instant, Seed, records
from orbitalcloud.core.effects import Save, Send
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, making
from orbitalcloud.network.bundle import encode
from orbitalcloud.network.convergence import DATA, REPORT, Segment, encode_segment, transfer_name
from orbitalcloud.network.eid import endpoint
from orbitalcloud.network.fragment import split

T0 = Instant(1_774_008_000_000_000_000)


def payloads(net) -> list[bytes]:
    return [delivered.payload for _, delivered in net.delivered]


def pattern(size: int, index: int = 0) -> bytes:
    return Seed.of(index).bytes(64) * (size // 64) + Seed.of(index).bytes(size % 64)


def test_a_payload_crosses_one_link_at_its_rate_and_after_light_time(lab, link):
    net = lab(link("sat", "station", 0, 600, 1_000_000))
    net.run(T0 + SECOND)
    net.now = Instant(T0 + SECOND)
    net.submit("station", "sat", pattern(10_000))
    net.run()
    ((node, got),) = net.delivered
    assert (node, got.source, got.service, got.payload) == ("sat", "station", "job", pattern(10_000))
    assert got.created == T0 + SECOND
    frame = next(frame for _, sender, _, frame in net.frames if sender == "station" and frame[0] == DATA)
    (delivered,) = net.of(records.BundleDelivered)
    assert delivered.at == T0 + SECOND + len(frame) * 8_000 + 3_000_000
    assert net.agents["station"].stored_bundles == 0
    assert set(net.saved["station"]) == {"sequence"}


def test_a_bundle_waits_for_the_pass_and_says_so(lab, link):
    net = lab(link("sat", "station", 300, 600, 1_000_000))
    net.submit("sat", "station", b"result")
    net.run(T0 + 299 * SECOND)
    assert net.delivered == []
    (waits,) = net.of(records.BundleWaits)
    assert waits.why.rule == "contact"
    assert "2026-03-20T12:05:00Z" in waits.why.text
    net.run()
    assert payloads(net) == [b"result"]


def test_two_hops_with_a_gap_between(lab, link):
    net = lab(link("a", "relay", 10, 20, 100_000) + link("relay", "b", 100, 110, 100_000))
    net.submit("a", "b", pattern(20_000))
    net.run()
    assert payloads(net) == [pattern(20_000)]
    assert [r.node for r in net.of(records.BundleReceived)] == ["relay", "b"]
    assert all(agent.stored_bundles == 0 for agent in net.agents.values())


def test_three_short_passes_carry_a_long_bundle_in_fragments(lab, link):
    contacts = [c for start in (0, 100, 200) for c in link("sat", "station", start, start + 10, 400_000)]
    net = lab(contacts)
    net.submit("sat", "station", pattern(1_200_000))
    net.run()
    assert payloads(net) == [pattern(1_200_000)]
    assert len(net.of(records.BundleFragmented)) == 2
    assert net.of(records.BundleDelivered)[0].at > T0 + 200 * SECOND
    assert {key for key in net.saved["station"] if not key.startswith("seen/")} == set()


def test_800_kb_at_1_mbit_per_second_takes_few_frames(lab, link):
    net = lab(link("sat", "station", 0, 60, 1_000_000))
    net.submit("sat", "station", pattern(800_000))
    net.run()
    assert payloads(net) == [pattern(800_000)]
    assert len(net.frames) <= 20


def test_the_urgent_go_first_then_the_old(lab, link):
    net = lab(link("sat", "station", 10, 60, 1_000_000))
    for index, priority in enumerate((1, 0, 2, 1)):
        net.at(T0 + index, lambda i=index, p=priority: net.submit("sat", "station", bytes([i]), priority=p))
    net.run()
    assert payloads(net) == [b"\x02", b"\x00", b"\x03", b"\x01"]


def test_an_urgent_bundle_does_not_wait_for_a_long_one(lab, link):
    net = lab(link("sat", "station", 0, 60, 1_000_000))
    net.submit("sat", "station", pattern(2_000_000))
    net.at(T0 + SECOND, lambda: net.submit("sat", "station", b"now", priority=5))
    net.run()
    assert payloads(net) == [b"now", pattern(2_000_000)]
    assert net.of(records.BundleDelivered)[0].delay_ms < 2200


def test_a_bundle_expires_in_the_store(lab, link):
    net = lab(link("sat", "station", 300, 600, 1_000_000))
    net.submit("sat", "station", b"too late", lifetime_s=100)
    net.run()
    assert net.delivered == []
    (dropped,) = net.of(records.BundleDropped)
    assert (dropped.at, dropped.why.rule) == (T0 + 100 * SECOND, "lifetime")
    assert not any(key.startswith("bundle/") for key in net.saved["sat"])


def test_a_full_store_refuses_with_a_why_and_keeps_what_it_has(lab, link):
    net = lab(link("sat", "station", 300, 600, 1_000_000), AgentLimits(store_bytes=10_000))
    for index in range(3):
        net.submit("sat", "station", pattern(4_000, index))
    (dropped,) = net.of(records.BundleDropped)
    assert (dropped.why.rule, dropped.why.limit) == ("storage", 10_000)
    net.run()
    assert payloads(net) == [pattern(4_000, 0), pattern(4_000, 1)]


def test_a_full_relay_leaves_the_bundle_with_its_sender(lab, link):
    contacts = link("a", "relay", 0, 10, 1_000_000) + link("relay", "b", 20, 30, 1_000_000)
    contacts += link("a", "relay", 40, 50, 1_000_000) + link("relay", "b", 60, 70, 1_000_000)
    net = lab(contacts, AgentLimits(store_bytes=10_000))
    for index in range(2):
        net.submit("a", "b", pattern(4_500, index))
    net.submit("relay", "b", pattern(4_500, 2))
    net.run()
    assert sorted(payloads(net)) == sorted(pattern(4_500, index) for index in range(3))
    assert [w.why.rule for w in net.of(records.BundleWaits) if w.node == "a" and w.why.rule == "refused"] == ["refused"]
    assert [r.check for r in net.of(records.FrameRefused)] == ["storage"]


def test_no_room_is_said_once_per_contact(lab, link):
    contacts = [c for start in (0, 100) for c in link("sat", "station", start, start + 2, 8_000)]
    net = lab(contacts)
    net.submit("sat", "station", pattern(3_900))
    net.submit("sat", "station", b"small")
    net.run()
    assert payloads(net) == [b"small"]
    waits = [w for w in net.of(records.BundleWaits) if w.why.rule == "room"]
    assert len(waits) == 2


def test_a_planned_contact_that_does_not_open_is_routed_around(lab, link):
    down = link("a", "b", 5, 100, 1_000_000)
    around = link("a", "c", 0, 1000, 1_000_000) + link("c", "b", 200, 300, 1_000_000)
    net = lab(around)
    plan = ContactPlan(down + around)
    for agent in net.agents.values():
        net.perform(agent.name, agent.replan(net.now, plan))
    net.submit("a", "b", b"round")
    net.run()
    assert payloads(net) == [b"round"]


def test_a_third_of_the_frames_lost_and_everything_arrives_once(lab, link):
    count = iter(range(10**9))
    contacts = link("a", "b", 0, 900, 200_000) + link("b", "c", 0, 900, 200_000)
    net = lab(contacts, lose=lambda sender, receiver, frame: Seed.of(3).chance(333_333, next(count)))
    for index in range(40):
        net.submit("a", "c", pattern(500 + 2_000 * index, index))
    net.run()
    assert sorted(payloads(net)) == sorted(pattern(500 + 2_000 * index, index) for index in range(40))


def test_lost_acknowledgements_cost_a_question_not_a_second_delivery(lab, link):
    net = lab(
        link("sat", "station", 0, 5, 1_000_000) + link("sat", "station", 100, 200, 1_000_000),
        lose=lambda sender, receiver, frame: frame[0] == REPORT and net.now < T0 + 50 * SECOND,
    )
    net.submit("sat", "station", pattern(100_000))
    net.run(T0 + 90 * SECOND)
    assert payloads(net) == [pattern(100_000)]
    assert net.agents["sat"].stored_bundles == 1
    before = len(net.frames)
    net.run()
    assert len(net.delivered) == 1
    assert net.agents["sat"].stored_bundles == 0
    assert sum(len(frame) for _, _, _, frame in net.frames[before:]) < 200


def test_whole_bundle_after_some_of_its_fragments_leaves_nothing_behind(lab, link):
    """Both travelled because an acknowledgement was lost; the payload is delivered once and the fragment forgotten."""
    net = lab(link("sat", "station", 0, 10, 1_000_000))
    whole = making.make_bundle(endpoint("station", "job"), endpoint("sat"), T0, 0, 1000, pattern(9_000), 1, 30)
    first, _ = split(whole, 4_500)
    for bundle in (first, whole, first):
        wire = encode(bundle)
        segment = Segment(transfer_name(wire), len(wire), 0, wire, True)
        net.perform("station", net.agents["station"].received(T0, "sat", encode_segment(segment)))
    assert payloads(net) == [pattern(9_000)]
    assert list(net.saved["station"]) == ["seen/sat/1774008000000-0"]


@pytest.mark.parametrize("number", range(40))
def test_losses_short_passes_and_reboots_lose_and_double_nothing(lab, link, number):
    """The seed draws plan, loads, losses and reboots; a long quiet end lets everything through."""
    seed = Seed.of(number)
    contacts: list[Contact] = []
    start = 0
    for index in range(14):
        pair = [("sat", "north"), ("sat", "south"), ("sat2", "north"), ("sat2", "south")][seed.below(4, index)]
        start += 20 + seed.below(60, 100 + index)
        contacts += link(
            *pair, start, start + 5 + seed.below(15, 200 + index), 50_000 * (1 + seed.below(8, 300 + index))
        )
        start += 20
    for pair in (("sat", "north"), ("sat2", "north"), ("sat2", "south"), ("sat", "south")):
        contacts += link(*pair, start + 100, start + 1100, 1_000_000)
    contacts += link("north", "south", 0, start + 2000, 10_000_000)
    draws = iter(range(10**9))
    quiet = T0 + (start + 100) * SECOND
    net = lab(
        contacts,
        lose=lambda sender, receiver, frame: net.now < quiet and seed.child("loss").chance(200_000, next(draws)),
    )
    nodes = sorted(net.agents)
    expected = []
    for index in range(30):
        source = nodes[seed.below(4, 1000 + index)]
        target = nodes[seed.below(4, 2000 + index)]
        size = 1 + seed.below((200, 3_000, 400_000)[index % 3], 3000 + index)
        payload = index.to_bytes(2, "big") + pattern(size, index)
        expected.append((target, payload))
        when = T0 + seed.below(start * SECOND, 4000 + index)
        net.at(when, lambda s=source, t=target, p=payload, i=index: net.submit(s, t, p, priority=i % 4))
    for index in range(25):
        net.at(T0 + seed.below(start * SECOND, 5000 + index), lambda n=nodes[index % 4]: net.reboot(n))
    net.run()
    assert sorted((node, got.payload) for node, got in net.delivered) == sorted(expected), f"seed {number}"
    for name, agent in net.agents.items():
        assert not [key for key in net.saved[name] if key.startswith("bundle/")], (name, number)
        assert agent.stored_bundles == 0
    assert net.of(records.BundleDropped) == []


def test_the_same_inputs_give_the_same_outputs_also_after_pickling(lab, link):
    def flight(pickled: bool) -> list[tuple[int, str, str, bytes]]:
        net = lab(link("a", "b", 0, 20, 100_000) + link("b", "c", 30, 60, 50_000))
        for index in range(5):
            net.submit("a", "c", pattern(30_000, index))
        net.run(T0 + 15 * SECOND)
        if pickled:
            net.agents = pickle.loads(pickle.dumps(net.agents))
        net.run()
        assert len(net.delivered) == 5
        return net.frames

    assert flight(False) == flight(True)


def test_a_bundle_is_saved_before_it_is_acknowledged(link):
    contacts = link("a", "relay", 0, 10, 1_000_000) + link("relay", "b", 20, 30, 1_000_000)
    plan = ContactPlan(contacts)
    sender, relay = BundleAgent("a", plan), BundleAgent("relay", plan)
    list(sender.submit(T0, "b", "job", b"x" * 100, "test", 3600 * SECOND))
    frames = [out.frame for out in sender.opened(T0, contacts[0]) if isinstance(out, Send)]
    relay.opened(T0, contacts[1])
    outputs = relay.received(Instant(T0 + 1), "a", frames[0])
    kinds = [type(out) for out in outputs if isinstance(out, Save | Send)]
    assert kinds == [Save, Send]


def test_damaged_saved_values_are_dropped_not_fatal(lab, link):
    net = lab(link("sat", "station", 100, 200, 1_000_000))
    net.submit("sat", "station", b"good")
    (key,) = [key for key in net.saved["sat"] if key.startswith("bundle/")]
    good = net.saved["sat"][key]
    net.saved["sat"]["bundle/bad"] = b"\x01" + bytes(8) + b"\x9f\xff"
    net.saved["sat"]["bundle/other"] = good
    net.saved["sat"]["bundle/empty"] = b""
    net.saved["sat"]["seen/odd"] = b"123"
    net.saved["sat"]["wallet/key"] = b"not ours"
    net.reboot("sat")
    assert sorted(d.bundle for d in net.of(records.BundleDropped)) == ["bad", "empty", "other"]
    assert sorted(net.saved["sat"]) == [key, "sequence", "wallet/key"]
    net.run()
    assert payloads(net) == [b"good"]


def test_ids_are_not_used_again_after_a_reboot(lab, link):
    net = lab(link("sat", "station", 100, 200, 1_000_000))
    net.submit("sat", "station", b"before")
    net.reboot("sat")
    net.submit("sat", "station", b"after")
    net.run()
    assert sorted(payloads(net)) == [b"after", b"before"]


def test_to_itself_is_delivered_at_once(lab, link):
    net = lab(link("sat", "station", 100, 200, 1_000_000))
    net.submit("sat", "sat", b"mine")
    assert payloads(net) == [b"mine"]


def test_names_that_make_no_endpoint_are_refused(link):
    with pytest.raises(DataError):
        BundleAgent("two words", ContactPlan())
    with pytest.raises(DataError):
        BundleAgent("sat", ContactPlan()).submit(T0, "a/b c", "job", b"", "test", SECOND)


def test_a_day_of_small_results_costs_few_effects(lab, link):
    contacts = [c for start in range(0, 86_400, 5_700) for c in link("sat", "station", start, start + 500, 1_000_000)]
    net = lab(contacts)
    for index in range(290):
        net.at(T0 + index * 288 * SECOND, lambda i=index: net.submit("sat", "station", pattern(1_000, i)))
    net.run()
    assert len(net.delivered) == 290
    assert net.effects < 290 * 12
