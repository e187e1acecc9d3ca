"""A network node as a state machine: mail in its boxes, traces, and what it had saved."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from orbitalcloud.core import Contact, Instant, Seed, records
from orbitalcloud.core.effects import Record, Save, Send
from orbitalcloud.core.events import Commanded, ContactOpened, Fired, Received, Started
from orbitalcloud.core.time import HOUR
from orbitalcloud.network import ContactPlan, Delivered
from orbitalcloud.node import NetworkNode
from orbitalcloud.node.letters import POST, Letter, Post
from orbitalcloud.node.mailboxes import Mailboxes, Quota
from orbitalcloud.node.orders import decode_order, encode_order
from orbitalcloud.node.post import SWEEP_TIMER
from orbitalcloud.node.tracer import TRACE, Hop, Trace

T0 = Instant(1_774_008_000_000_000_000)
FAR = Instant(2**62)


class BoxesAndAModel(RuleBasedStateMachine):
    """Mailboxes against lists: put, take, forgotten and restored at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes = Mailboxes(Quota(bytes=1000, letters=12, services=3))
        self.saved: dict[str, bytes] = {}
        self.model: dict[str, list[tuple[int, bytes]]] = {}
        self.newest = 0

    def keep(self, saves) -> None:
        for save in saves:
            if save.value is None:
                self.saved.pop(save.key, None)
            else:
                self.saved[save.key] = save.value

    @rule(service=st.sampled_from(["", "in", "a/b", "c"]), payload=st.binary(max_size=300))
    def put(self, service: str, payload: bytes) -> None:
        counted = sum(map(len, self.model.values()))
        used = sum(len(data) for box in self.model.values() for _, data in box)
        own = self.model.get(service, [])
        own_bytes = sum(len(data) for _, data in own)
        full = (
            counted >= 12 or 2 * len(own) >= 12 or used + len(payload) > 1000 or 2 * (own_bytes + len(payload)) > 1000
        )
        full = full or (not own and len(self.model) >= 3)
        assert (self.boxes.refusal(service, len(payload)) is not None) == full
        if not full:
            self.keep(self.boxes.put(Delivered("x/1-1", "x", service, payload, T0, "dtn://x/")))
            (number,) = [mail.number for mail in self.boxes.later(service, self.newest, 99)]
            assert number > self.newest
            self.newest = number
            self.model.setdefault(service, []).append((number, payload))

    @rule(service=st.sampled_from(["", "in", "a/b", "c"]), share=st.floats(0, 1))
    def take(self, service: str, share: float) -> None:
        through = int(share * (self.newest + 1))
        self.keep(self.boxes.take(service, through))
        left = [one for one in self.model.pop(service, []) if one[0] > through]
        if left:
            self.model[service] = left

    @rule()
    def restart(self) -> None:
        self.boxes = Mailboxes(self.boxes.quota)
        assert list(self.boxes.restore(self.saved)) == []

    @invariant()
    def they_agree(self) -> None:
        for service in ("", "in", "a/b", "c"):
            found = [(mail.number, mail.payload) for mail in self.boxes.later(service, 0, 99)]
            assert found == self.model.get(service, [])
        assert len(self.boxes) == sum(map(len, self.model.values()))
        assert self.boxes.used_bytes == sum(len(data) for box in self.model.values() for _, data in box)


TestMailboxes = BoxesAndAModel.TestCase
TestMailboxes.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def born(name: str, *contacts: Contact, saved: dict[str, bytes] | None = None) -> NetworkNode:
    node = NetworkNode(name, Seed.of(1).child(name).bytes(32), ContactPlan(contacts))
    list(node.handle(T0, Started(saved or {}, bytes(32), 1)))
    return node


def arrived(node: NetworkNode, service: str, payload: bytes, sender: str = "dtn://a/") -> list:
    item = Delivered("a/1-1", "a", service, payload, T0, sender)
    return list(node._network(T0, [item]))


def made(effects: list) -> list[records.BundleCreated]:
    return [e.entry for e in effects if isinstance(e, Record) and isinstance(e.entry, records.BundleCreated)]


def test_a_trace_goes_to_the_next_hop_of_the_plan_and_its_hops_to_who_asked():
    plan = (Contact("b", "c", T0, FAR, 10**6, "x"), Contact("c", "d", T0, FAR, 10**6, "x"))
    node = born("b", *plan)
    list(node.handle(T0, ContactOpened(plan[0])))
    trace = Trace("d", "dtn://a/back", (Hop("a", 5),))
    effects = arrived(node, TRACE, encode_order(trace))
    assert [(one.destination, one.purpose) for one in made(effects)] == [
        ("dtn://a/back", "trace report"),
        ("dtn://c/trace", "trace"),
    ]


@pytest.mark.parametrize(
    ("hops", "target", "end"),
    [
        ((Hop("a", 1),), "nowhere", "b knows no way to nowhere now"),
        ((Hop("b", 1), Hop("c", 2)), "d", "it goes in a circle"),
        ((Hop("a", 1),), "b", ""),
    ],
)
def test_a_trace_ends_at_its_target_without_a_way_or_in_a_circle(hops, target, end):
    a = Contact("b", "a", T0, FAR, 10**6, "x")
    node = born("b", a)
    effects = list(node.handle(T0, ContactOpened(a)))
    effects = arrived(node, TRACE, encode_order(Trace(target, "dtn://a/back", hops)))
    (report,) = made(effects)
    assert report.destination == "dtn://a/back"
    (frame,) = [e.frame for e in effects if isinstance(e, Send)]
    asker = born("a")
    list(asker.handle(T0, Received("b", frame)))
    (mail,) = asker.mail.later("back", 0, 9)
    told = decode_order(mail.payload, Trace)
    assert told.end == end
    assert told.hops == (*hops, Hop("b", T0))
    assert told.arrived == (target == "b")


@pytest.mark.parametrize(
    "payload",
    [
        b"noise",
        encode_order(Trace("b", "dtn:none")),
        encode_order(Trace("b", "dtn://a/trace")),
        encode_order(Trace("d", "dtn://a/x", tuple(Hop(f"n{i}", i) for i in range(32)))),
    ],
)
def test_a_trace_that_would_not_end_or_is_none_is_refused(payload: bytes):
    (refused,) = arrived(born("b"), TRACE, payload)
    assert isinstance(refused.entry, records.FrameRefused)


def test_damaged_values_are_dropped_and_named_and_the_rest_is_kept():
    node = born("a")
    saved: dict[str, bytes] = {}
    for effect in arrived(node, "in", b"1") + arrived(node, "in", b"2"):
        if isinstance(effect, Save) and effect.value is not None:
            saved[effect.key] = effect.value
    first = next(key for key in sorted(saved) if key.startswith("mail/"))
    saved |= {first: b"\xff", "stream/s": b"short", "stream/t": (7).to_bytes(8, "big")}
    again = NetworkNode("a", Seed.of(1).bytes(32))
    effects = list(again.handle(T0, Started(saved, bytes(32), 2)))
    refused = [e.entry.detail for e in effects if isinstance(e, Record) and isinstance(e.entry, records.FrameRefused)]
    assert len(refused) == 2
    assert {e.key for e in effects if isinstance(e, Save) and e.value is None} == {first, "stream/s"}
    assert [mail.payload for mail in again.mail.later("in", 0, 9)] == [b"2"]
    assert again.next_number("t") == 7


def test_answers_that_nobody_waits_for_are_swept_away_and_letters_are_not():
    node = born("a")
    for service in ("ping-12345678", "trace-1", "2147483649", "inbox", "1"):
        arrived(node, service, b"x")
    list(node.handle(Instant(T0 + HOUR // 2), Fired(SWEEP_TIMER)))
    assert len(node.mail) == 5
    effects = list(node.handle(Instant(T0 + HOUR + 1), Fired(SWEEP_TIMER)))
    assert node.mail.services() == {"1": 1, "inbox": 1}
    assert len([e for e in effects if isinstance(e, Save) and e.value is None]) == 3


def test_an_order_that_is_none_is_refused_by_name():
    node = born("a")
    for verb, body in (
        (POST, b"noise"),
        ("dance", b""),
        (POST, msgspec.msgpack.encode(Post((Letter("dtn:none", b""),)))),
    ):
        (effect,) = node.handle(T0, Commanded(verb, body))
        assert isinstance(effect.entry, records.FrameRefused)
