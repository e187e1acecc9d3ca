"""Administrative records, what nodes report of bundles and what they never do, and who may hold how much of a store."""

from __future__ import annotations

import cbor2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact, Instant, RemoteProtocolError, records
from orbitalcloud.core.effects import Record, Save, Send
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, Delivered, admin, decode, encode, making
from orbitalcloud.network.bundle import IS_ADMINISTRATIVE, REPORT_UNPROCESSED, TOLERANCES, Block
from orbitalcloud.network.convergence import Segment, decode_frame, encode_segment, transfer_name
from orbitalcloud.network.eid import NULL, endpoint, parse_eid

T0 = Instant(1_774_008_000_000_000_000)
OUT = Contact("b", "a", T0, Instant(T0 + 1000 * SECOND), 1_000_000, "x")
ALL = sum(admin.ASK)


def agent(limits=None, **more) -> BundleAgent:
    made = BundleAgent("b", ContactPlan([OUT]), limits, **more)
    made.opened(T0, OUT)
    return made


def asking(node="b", flags=ALL | admin.ASK_STATUS_TIME, report_to="dtn://a/", source="a", sequence=0, priority=1):
    to = parse_eid(report_to)
    return making.make_bundle(
        endpoint(node, "x"), endpoint(source), T0, sequence, 60_000, b"p", priority, 30, flags, to
    )


def come(made, bundle, now=T0):
    wire = encode(bundle)
    return made.received(now, "a", encode_segment(Segment(transfer_name(wire), len(wire), 0, wire, True)))


def entries(outputs, kind):
    return [o.entry for o in outputs if isinstance(o, Record) and isinstance(o.entry, kind)]


def sent_reports(made):
    """The status reports in a store, as bundles."""
    found = [decode(entry.wire, 1 << 20, TOLERANCES) for entry in made._store.entries()]
    return [bundle for bundle in found if bundle.flags & IS_ADMINISTRATIVE and bundle.source.node == made.name]


U64 = st.integers(0, 2**64 - 1)
FLAGS = st.tuples(*[st.booleans()] * 4).filter(any)


@st.composite
def reports(draw):
    held = draw(FLAGS)
    times = tuple(draw(U64) if holds and draw(st.booleans()) else 0 for holds in held)
    part = draw(st.booleans())
    place = (draw(U64), draw(U64), True) if part else (0, 0, False)
    source = draw(st.sampled_from([endpoint("a"), parse_eid("ipn:7.1"), NULL]))
    return admin.StatusReport(held, times, draw(U64), source, draw(U64), draw(U64), *place)


@given(reports())
def test_reports_read_back_and_cbor2_sees_the_rfcs_shape(report):
    """RFC 9171 6.1.1, read by another CBOR library."""
    data = admin.encode_report(report)
    assert admin.decode_record(data) == report
    kind, content = cbor2.loads(data)
    assert (kind, len(content)) == (1, 6 if report.fragment else 4)
    assert [assertion[0] for assertion in content[0]] == list(report.asserted)
    assert [assertion[1] if len(assertion) == 2 else 0 for assertion in content[0]] == list(report.times)
    assert content[1] == report.reason
    assert content[3] == [report.created_ms, report.sequence]


@given(st.binary(max_size=60), reports(), st.integers(0, 200))
def test_damaged_reports_are_refused_by_name(noise, report, end):
    whole = admin.encode_report(report)
    for data in (noise, whole[: end % len(whole)], whole + b"\0"):
        with pytest.raises(RemoteProtocolError):
            admin.decode_record(data)


def test_received_and_delivered_are_reported_with_their_times():
    made = agent()
    outputs = come(made, asking())
    told = [admin.decode_record(bundle.payload) for bundle in sent_reports(made)]
    assert [(one.words, one.subject, one.time_ms) for one in told] == [
        ("received", "a/1774008000000-0", T0 // 10**6),
        ("delivered", "a/1774008000000-0", T0 // 10**6),
    ]
    assert all(bundle.destination.text == "dtn://a/" for bundle in sent_reports(made))
    assert len(entries(outputs, records.BundleCreated)) == 2


def test_forwarded_is_reported_when_the_next_node_has_it(lab, link):
    net = lab(link("a", "relay", 0, 50, 1_000_000) + link("relay", "b", 0, 50, 1_000_000))
    net.agents["a"].asks = ALL
    net.submit("a", "b", b"traced")
    net.run()
    heard = net.of(records.StatusReported)
    said = {(entry.reporter, entry.status) for entry in heard}
    assert said == {
        ("dtn://relay/", "received"),
        ("dtn://relay/", "forwarded"),
        ("dtn://b/", "received"),
        ("dtn://b/", "delivered"),
        ("dtn://a/", "forwarded"),
    }
    assert len(heard) == len(said)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"lifetime_ms": 0}, 1), ({"blocks": "spent"}, 9), ({"blocks": "delete"}, 11)],
)
def test_deletion_is_reported_with_the_rfcs_reason(change, reason):
    bundle = asking("far")
    if change.get("blocks") == "spent":
        change = {"blocks": (Block(10, 2, b"\x82\x05\x06", 1), bundle.blocks[-1])}
    elif change.get("blocks") == "delete":
        change = {"blocks": (Block(200, 9, b"?", 4), *bundle.blocks)}
    made = agent()
    outputs = come(made, msgspec.structs.replace(bundle, **change))
    assert [entry.reason for entry in entries(outputs, records.BundleDropped)] == [reason]
    told = [admin.decode_record(one.payload) for one in sent_reports(made)]
    assert [(one.words, one.reason) for one in told] == [("received", 0), ("deleted", reason)]


def test_a_block_that_nobody_knows_is_reported_where_it_asks_for_that():
    bundle = asking(flags=admin.ASK[0])
    made = agent()
    come(made, msgspec.structs.replace(bundle, blocks=(Block(200, 9, b"?", REPORT_UNPROCESSED), *bundle.blocks)))
    assert [admin.decode_record(one.payload).reason for one in sent_reports(made)] == [admin.UNSUPPORTED]


def test_nothing_is_reported_about_reports_to_nobody_or_of_nobody():
    report = making.make_bundle(
        endpoint("a"), endpoint("c"), T0, 1, 60_000, b"", 1, 30, IS_ADMINISTRATIVE, endpoint("d")
    )
    silent = agent()
    come(silent, report)
    come(silent, asking(report_to="dtn:none", sequence=2))
    come(silent, asking(flags=0, sequence=3))
    assert sent_reports(silent) == []
    assert silent.stored_bundles == 1, "somebody else's report is carried like any bundle"


def test_reports_are_bounded_and_what_is_withheld_is_counted():
    made = agent(AgentLimits(status_reports=3, status_every_ns=10 * SECOND))
    for number in range(20):
        come(made, asking(report_to="dtn://victim/", flags=admin.ASK[2], sequence=number))
    assert (len(sent_reports(made)), made.reports_withheld) == (3, 17)
    come(made, asking(flags=admin.ASK[2], sequence=50), Instant(T0 + 10 * SECOND))
    come(made, asking(flags=admin.ASK[2], sequence=51), Instant(T0 + 10 * SECOND))
    assert (len(sent_reports(made)), made.reports_withheld) == (4, 18)
    none = agent(AgentLimits(status_reports=0))
    come(none, asking())
    assert sent_reports(none) == []


def test_a_node_answers_to_its_ipn_number_and_counts_its_own_name():
    made = agent(aliases={"ipn:2": "b", "ipn:1": "a"})
    bundle = msgspec.structs.replace(asking(), destination=parse_eid("ipn:2.7"), source=parse_eid("ipn:1.1"))
    (got,) = [o for o in come(made, bundle) if isinstance(o, Delivered)]
    assert (got.source, got.service) == ("a", "7")
    report = admin.encode_report(admin.report_on(bundle, admin.DELIVERED, 0, T0))
    back = making.make_bundle(parse_eid("ipn:2.0"), endpoint("a"), T0, 9, 60_000, report, 1, 30, IS_ADMINISTRATIVE)
    (heard,) = entries(come(made, back), records.StatusReported)
    assert (heard.bundle, heard.status) == ("ipn:1.1/1774008000000-0", "delivered")
    onward = msgspec.structs.replace(asking(sequence=4), destination=parse_eid("ipn:1.3"))
    sent = [o for o in come(made, msgspec.structs.replace(onward, source=endpoint("c"))) if isinstance(o, Send)]
    assert any(isinstance(decode_frame(one.frame), Segment) for one in sent), "ipn:1 is routed as a"


# The store ----------------------------------------------------------------------------------------------------------


def test_one_source_has_its_share_of_a_store_and_no_more():
    made = agent(AgentLimits(store_bundles=10, source_ppm=300_000))
    outputs = [come(made, asking("far", 0, sequence=number)) for number in range(5)]
    assert [entry.check for o in outputs for entry in entries(o, records.FrameRefused)] == ["quota", "quota"]
    others = [come(made, asking("far", 0, sequence=number, source="c")) for number in range(3)]
    assert not any(entries(o, records.FrameRefused) for o in others)
    small = agent(AgentLimits(source_bytes=250))
    outputs = [come(small, asking("far", 0, sequence=number)) for number in range(3)]
    assert [entry.check for o in outputs for entry in entries(o, records.FrameRefused)] == ["quota"]
    assert small.stored_bytes <= 250


def test_what_was_taken_stays_and_only_the_least_urgent_made_here_goes():
    made = agent(AgentLimits(store_bundles=4))
    come(made, asking("far", 0, priority=0))
    for number, (priority, lifetime_s) in enumerate([(2, 50), (1, 70), (1, 90)]):
        list(made.submit(T0, "far", "x", bytes([number]), "test", lifetime_s * SECOND, priority))
    refused = entries(made.submit(T0, "far", "x", b"no", "test", 50 * SECOND, 1), records.BundleDropped)
    assert [entry.why.rule for entry in refused] == ["storage"], "no more urgent than what is there"
    dropped = entries(made.submit(T0, "far", "x", b"urgent", "test", 50 * SECOND, 5), records.BundleDropped)
    assert [(entry.why.rule, entry.bundle, entry.reason) for entry in dropped] == [("evicted", "b/1774008000000-2", 10)]
    assert made.holds("a/1774008000000-0"), "a stranger's, acknowledged, of the lowest priority"
    come_again = come(made, asking("far", 0, sequence=8, priority=23))
    assert [entry.check for entry in entries(come_again, records.FrameRefused)] == ["storage"]


def test_the_delivery_is_remembered_before_it_is_told():
    """So a driver that stops between effects never tells twice, and one that commits them together loses nothing."""
    kinds = [
        (type(o), o.key[:5] if isinstance(o, Save) else "")
        for o in come(agent(), asking(flags=0))
        if isinstance(o, Save | Delivered | Send)
    ]
    assert kinds == [(Save, "seen/"), (Delivered, ""), (Send, "")]


@pytest.mark.parametrize("stops", range(4))
def test_a_driver_that_stops_around_its_batch_delivers_once(stops):
    """Batches are atomic: what was saved and told in the call before the stop happened, or nothing of it did."""
    saved, told = {}, []
    made = agent()
    for attempt in range(4):
        outputs = come(made, asking(flags=0))
        if attempt >= stops:
            saved.update((o.key, o.value) for o in outputs if isinstance(o, Save))
            told += [o for o in outputs if isinstance(o, Delivered)]
        made = agent()
        made.restore(T0, saved)
    assert len(told) == 1
