"""Where the first choice refuses, the next best takes it; a bundle that wants a path now goes by one or is told."""

from __future__ import annotations

import pytest

from network.conftest import T0
from orbitalcloud.core import SECOND, Instant, records
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan
from orbitalcloud.network.bundle import PATH_NOW, PRIORITY, Block, decode, encode, with_block
from orbitalcloud.network.eid import endpoint
from orbitalcloud.network.making import forwarded, make_bundle


def hops_of(net, bundle: str) -> list[str]:  # type: ignore[no-untyped-def]
    """Who took it, in order."""
    return [taken.node for taken in net.of(records.BundleReceived) if taken.bundle == bundle]


def full(net, name: str, store_bytes: int) -> None:  # type: ignore[no-untyped-def]
    """Give a node a store of so many bytes."""
    net.agents[name] = BundleAgent(name, net.plan, AgentLimits(store_bytes=store_bytes))


def test_a_bundle_that_the_first_relay_refuses_goes_by_the_second(lab, link):
    contacts = [*link("a", "b", 0, 3600, 800_000), *link("b", "d", 0, 3600, 800_000)]
    contacts += [*link("a", "c", 0, 3600, 80_000), *link("c", "d", 0, 3600, 80_000)]
    net = lab(contacts)
    full(net, "b", 1_000)
    net.at(T0 + SECOND, lambda: net.submit("a", "d", bytes(5_000)))
    net.run(T0 + 30 * SECOND)
    ((at, delivered),) = net.delivered
    assert at == "d"
    assert hops_of(net, delivered.bundle_id) == ["c", "d"]
    refusals = [waits.why.rule for waits in net.of(records.BundleWaits) if waits.node == "a"]
    assert refusals == ["refused"]


def test_where_all_refuse_it_waits_and_tries_again(lab, link):
    contacts = [*link("a", "b", 0, 7200, 800_000), *link("b", "d", 0, 7200, 800_000)]
    contacts += [*link("a", "c", 0, 7200, 80_000), *link("c", "d", 0, 7200, 80_000)]
    net = lab(contacts)
    full(net, "b", 1_000)
    full(net, "c", 1_000)
    net.at(T0 + SECOND, lambda: net.submit("a", "d", bytes(5_000)))
    net.run(T0 + 60 * SECOND)
    assert not net.delivered
    assert {sent.peer for sent in net.of(records.BundleSent)} == {"b", "c"}
    assert len(net.of(records.BundleSent)) == 2, "each was asked once"
    for name in ("b", "c"):
        full(net, name, 1 << 20)
        for (sender, _), contact in sorted(net.open.items()):
            if sender == name:
                net.perform(name, net.agents[name].opened(net.now, contact))
    net.run(T0 + 900 * SECOND)
    assert len(net.delivered) == 1


def test_a_destination_that_refuses_is_not_asked_by_way_of_others(lab, link):
    contacts = [*link("a", "d", 0, 600, 800_000), *link("a", "c", 0, 600, 800_000), *link("c", "d", 0, 600, 800_000)]
    net = lab(contacts)
    net.agents["d"] = BundleAgent("d", net.plan, AgentLimits(bundle_bytes=1_000))
    net.at(T0 + SECOND, lambda: net.submit("a", "d", bytes(5_000)))
    net.run(T0 + 30 * SECOND)
    assert [sent.peer for sent in net.of(records.BundleSent)] == ["d"]


def test_a_bundle_with_few_hops_left_waits_for_the_shorter_way(lab, link):
    contacts = [*link("a", "b", 0, 600, 80_000), *link("b", "c", 0, 600, 80_000), *link("c", "d", 0, 600, 80_000)]
    contacts += link("a", "d", 100, 600, 80_000)
    net = lab(contacts, AgentLimits(hops=2))
    net.submit("a", "d", b"far")
    net.run()
    ((_, delivered),) = net.delivered
    assert hops_of(net, delivered.bundle_id) == ["d"]
    assert not net.of(records.BundleDropped)


# A path now ---------------------------------------------------------------------------------------------------------


def submit_now(net, source: str, destination: str, wait_ms: int = 0) -> None:  # type: ignore[no-untyped-def]
    agent = net.agents[source]
    outputs = agent.submit(net.now, destination, "call", b"now", "call", 3600 * SECOND, path_now_ms=wait_ms)
    net.perform(source, outputs)


def test_a_call_goes_by_a_path_now_or_is_told_that_there_is_none(lab, link):
    net = lab([*link("a", "b", 0, 300, 80_000), *link("b", "d", 100, 300, 80_000)])
    net.at(T0 + 10 * SECOND, lambda: submit_now(net, "a", "d"))
    net.at(T0 + 95 * SECOND, lambda: submit_now(net, "a", "d"))
    net.at(T0 + 96 * SECOND, lambda: submit_now(net, "a", "d", 5_000))
    net.at(T0 + 150 * SECOND, lambda: submit_now(net, "a", "d"))
    net.run()
    assert [drop.why.rule for drop in net.of(records.BundleDropped)] == ["path", "path"]
    assert [one.bundle_id.rsplit("-")[-1] for _, one in net.delivered] == ["2", "3"]
    assert {record.node for record in net.of(records.BundleDropped)} == {"a"}


def test_a_path_that_breaks_on_the_way_leaves_the_bundle_in_custody(lab, link):
    """The plan says that b-d is open; it is down when the call comes to b, and comes back in a later contact."""
    up = link("a", "b", 0, 300, 80_000)
    planned = [*up, *link("b", "d", 0, 200, 80_000), *link("b", "d", 400, 500, 80_000)]
    net = lab([*up, *link("b", "d", 400, 500, 80_000)])
    for name in net.agents:
        net.agents[name] = BundleAgent(name, ContactPlan(planned))
    net.at(T0 + 10 * SECOND, lambda: submit_now(net, "a", "d"))
    net.run()
    ((_, delivered),) = net.delivered
    assert hops_of(net, delivered.bundle_id) == ["b", "d"]
    assert net.of(records.BundleDelivered)[0].at > T0 + 400 * SECOND
    assert not net.of(records.BundleDropped)


def test_a_path_now_leaves_out_who_must_not_be_used(lab, link):
    net = lab([*link("a", "b", 0, 300, 800_000), *link("b", "d", 0, 300, 800_000)])
    net.perform("a", net.agents["a"].exclude(T0, {"b": "jurisdiction"}))
    net.at(T0 + SECOND, lambda: submit_now(net, "a", "d"))
    net.run()
    assert [drop.why.rule for drop in net.of(records.BundleDropped)] == ["path"]
    assert net.agents["a"].route_to(T0, "b", 10, path="now").first_hop == "b"


def test_the_wish_travels_and_what_is_no_wish_is_none():
    bundle = make_bundle(endpoint("d", "x"), endpoint("a"), T0, 0, 1000, b"data", 3, 30, path_now_ms=70_000)
    passed = decode(encode(forwarded(decode(encode(bundle)), endpoint("b"))))
    assert (passed.path_now_ms, passed.priority) == (70_000, 3)
    assert make_bundle(endpoint("d"), endpoint("a"), T0, 0, 1000, b"data", 3, 30).path_now_ms is None
    for data in (b"", b"\x20", b"\x00\x00", b"\x1b" + bytes([1]) + bytes(7), b"\x18"):
        assert with_block(bundle, PATH_NOW, data).path_now_ms is None
    assert {PATH_NOW, PRIORITY} <= {block.type for block in bundle.blocks if isinstance(block, Block)}


@pytest.mark.parametrize("wait_ms", [0, 1, 60_000])
def test_a_saved_wish_is_still_one(lab, link, wait_ms):
    net = lab([*link("a", "d", 0, 10, 80_000)])
    bundle = make_bundle(endpoint("d", "x"), endpoint("a"), T0, 0, 1000, b"data", 3, 30, path_now_ms=wait_ms)
    entry = net.agents["a"]._entry(T0, bundle, encode(bundle), Instant(T0 + SECOND))
    assert entry.path_now_ns == wait_ms * 1_000_000
