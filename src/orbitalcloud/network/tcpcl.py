"""A TCPCLv4 session (RFC 9174) as a state machine: bytes and instants in, bytes and events out, both roles.

How one goes. The active side says its contact header, the passive one answers with its own. If both can, the stream
becomes TLS now: the session says `Secure`, the driver does it and calls `secured` with what the certificate says.
The active side sends SESS_INIT, the passive one answers; from then on the session is open, and both may send
transfers, each acknowledged segment by segment. The last acknowledgement of a transfer is the node's to give: the
session says `Arrived`, and the driver calls `accept` or `refuse` when the node has the bundle safe, or not. SESS_TERM
from either side lets what has begun finish, and no more begin.

What a peer does wrong is answered with the RFC's reason, counted under the name of the rule in `counts`, and ends at
most this session. A message that may stand alone is rejected and the session goes on, up to `rejects_most` times;
where the end of a message is not known any more, or the peer keeps silent too long, the session ends. Nothing raises.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum, auto

from orbitalcloud.core.errors import DataError, RemoteProtocolError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.network.eid import parse_eid
from orbitalcloud.network.tcpcl_events import (
    Acknowledged,
    Arrived,
    Ended,
    Established,
    Event,
    Refused,
    Secure,
    SessionPolicy,
)
from orbitalcloud.network.tcpcl_messages import (
    SESS_INIT,
    VERSION,
    XFER_ACK,
    XFER_REFUSE,
    XFER_SEGMENT,
    Ack,
    ContactHeader,
    Init,
    Keepalive,
    Message,
    Refuse,
    RefuseReason,
    Reject,
    RejectReason,
    Segment,
    Term,
    TermReason,
    decode_items,
    encode,
    encode_contact,
)
from orbitalcloud.network.tcpcl_reader import MessageReader
from orbitalcloud.network.tcpcl_transfers import LARGEST_ID, Answer, Incoming, Outgoing, Refusal


class Phase(Enum):
    """Where a session stands."""

    CONTACT = auto()
    SECURING = auto()
    INIT = auto()
    OPEN = auto()
    ENDING = auto()
    CLOSED = auto()


# What breaks the stream: the rejection that tells it (if any), and the reason that the session ends with.
_BREAKS: dict[str, tuple[RejectReason | None, TermReason]] = {
    "message-type": (RejectReason.TYPE_UNKNOWN, TermReason.UNKNOWN),
    "segment-mru": (RejectReason.UNSUPPORTED, TermReason.RESOURCE_EXHAUSTION),
    "extension-length": (RejectReason.UNSUPPORTED, TermReason.RESOURCE_EXHAUSTION),
    "node-id": (None, TermReason.CONTACT_FAILURE),
}


class Session:
    """One side of a session; `active` is the one that opened the TCP connection."""

    __slots__ = (
        "_answered",
        "_control",
        "_deadline",
        "_heard",
        "_incoming",
        "_keepalive_ns",
        "_outgoing",
        "_reader",
        "_rejects",
        "_said",
        "_segment_bytes",
        "_term_heard",
        "_trickle",
        "active",
        "certified",
        "counts",
        "peer",
        "phase",
        "policy",
        "transfer_mtu",
    )

    def __init__(self, now: Instant, policy: SessionPolicy, active: bool) -> None:
        self.policy, self.active = policy, active
        self.phase = Phase.CONTACT
        self.counts: Counter[str] = Counter()
        self.peer = ""
        self.certified: frozenset[str] | None = None
        self.transfer_mtu = 0
        self._reader = MessageReader(policy.segment_mru)
        self._incoming, self._outgoing = Incoming(), Outgoing()
        self._control: list[bytes] = []
        self._segment_bytes = policy.segment_bytes
        self._keepalive_ns = 0
        self._heard = self._said = self._answered = now
        self._trickle = 0
        self._rejects = 0
        self._term_heard = False
        self._deadline = Instant(now + policy.contact_patience_ns)
        if active:
            self._say_contact()

    # What the driver may ask ---------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether transfers may begin."""
        return self.phase is Phase.OPEN

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the node's verdict that no more should be read from the stream."""
        waits = self._incoming
        return len(waits.waiting) >= self.policy.waiting_transfers or waits.waiting_bytes >= self.policy.waiting_bytes

    @property
    def queued_bytes(self) -> int:
        """Bytes of bundles whose transfer has not begun."""
        return self._outgoing.queued_bytes

    @property
    def unanswered(self) -> int:
        """Our transfers that have begun and have no answer."""
        return len(self._outgoing.flying)

    def next_deadline(self) -> Instant | None:
        """When `fired` has something to do, if nothing else happens before."""
        if self.phase is Phase.CLOSED:
            return None
        if self.phase is not Phase.OPEN:
            return self._deadline
        at = self._heard + self._idle_ns()
        if self._keepalive_ns:
            at = min(at, self._said + self._keepalive_ns)
        if self._outgoing.flying:
            at = min(at, self._answered + self.policy.answer_patience_ns)
        if self._incoming.answers:
            at = min(at, self._incoming.answers[0].arrived + self.policy.verdict_patience_ns)
        return Instant(at)

    # What the driver tells -----------------------------------------------------------------------------------------

    def receive(self, now: Instant, data: bytes) -> list[Event]:
        """Bytes from the peer."""
        events: list[Event] = []
        if self.phase is Phase.CLOSED or not data:
            return events
        self._reader.feed(data)
        if self.phase is Phase.SECURING:
            self._close(TermReason.CONTACT_FAILURE, "plaintext-under-tls", "bytes came before TLS was there", events)
            return events
        self._trickle += len(data)
        try:
            if self.phase is Phase.CONTACT:
                self._take_contact(now, events)
            if self.phase in (Phase.INIT, Phase.OPEN, Phase.ENDING):
                self._take_messages(now, events)
        except RemoteProtocolError as error:
            self._break(error, events)
        if self._trickle >= self.policy.least_progress_bytes:
            self._heard, self._trickle = now, 0
        return events

    def secured(self, now: Instant, certified: frozenset[str]) -> list[Event]:
        """The stream is TLS now; `certified` are the node ids that the peer's certificate, valid to us, names."""
        assert self.phase is Phase.SECURING, self.phase
        self.certified = certified
        self._greet(now)
        return []

    def lost(self, now: Instant, detail: str) -> list[Event]:
        """The stream is gone, or TLS failed."""
        events: list[Event] = []
        if self.phase is not Phase.CLOSED:
            self._control.clear()
            self._close(TermReason.UNKNOWN, "", detail, events)
        return events

    def fired(self, now: Instant) -> list[Event]:
        """Time has passed; call it at `next_deadline` or later."""
        events: list[Event] = []
        if self.phase is Phase.CLOSED:
            return events
        if self.phase is not Phase.OPEN:
            if now >= self._deadline:
                self._overdue(events)
            return events
        if now >= self._heard + self._idle_ns():
            self._terminate_now(TermReason.IDLE_TIMEOUT, "idle", "the peer has been silent too long", events)
        elif self._outgoing.flying and now >= self._answered + self.policy.answer_patience_ns:
            text = "the peer takes transfers and acknowledges none"
            self._terminate_now(TermReason.IDLE_TIMEOUT, "unacknowledged", text, events)
        else:
            self._give_up_waiting(now)
            if self._keepalive_ns and now >= self._said + self._keepalive_ns:
                self._say(Keepalive())
        return events

    def send(self, bundle: bytes) -> int:
        """Begin a transfer when those before it are through; its id. Only when open and within `transfer_mtu`."""
        assert self.phase is Phase.OPEN, self.phase
        assert 0 < len(bundle) <= self.transfer_mtu, len(bundle)
        return self._outgoing.add(bundle)

    def accept(self, transfer: int) -> None:
        """The node has the bundle safe: the last acknowledgement goes out."""
        if transfer in self._incoming.waiting:
            self._incoming.answer(transfer, None)

    def refuse(self, transfer: int, reason: RefuseReason) -> None:
        """The node does not take the bundle."""
        if transfer in self._incoming.waiting:
            self._incoming.answer(transfer, encode(Refuse(reason, transfer)))

    def terminate(self, now: Instant, reason: TermReason = TermReason.UNKNOWN) -> list[Event]:
        """End the session when what has begun is through."""
        events: list[Event] = []
        if self.phase is Phase.OPEN:
            self._say(Term(False, reason))
            self._begin_ending(now)
            self._finish(events, reason, "we ended it")
        elif self.phase is Phase.INIT or (self.phase is Phase.CONTACT and self.active):
            self._terminate_now(reason, "", "we ended it", events)
        elif self.phase is not Phase.ENDING and self.phase is not Phase.CLOSED:
            self._close(reason, "", "we ended it", events)
        return events

    def settle(self) -> list[Event]:
        """Call it after `accept`, `refuse` and `data_to_send`: a session that is ending may be through."""
        events: list[Event] = []
        if self.phase is Phase.ENDING:
            self._finish(events, TermReason.UNKNOWN, "the session was ended")
        return events

    def data_to_send(self, now: Instant, most: int = 1 << 18) -> bytes:
        """The next bytes for the peer, about `most` of them; empty when there are none for now."""
        incoming, outgoing = self._incoming, self._outgoing
        if incoming.answers and self.phase is not Phase.CLOSED:
            incoming.due(self._control)
        parts, self._control = self._control, []
        is_open = self.phase is Phase.OPEN
        if (is_open and outgoing.queue) or (outgoing.in_progress and self.phase is not Phase.CLOSED):
            if not outgoing.flying:
                self._answered = now
            outgoing.fill(parts, most, self._segment_bytes, is_open)
        if not parts:
            return b""
        self._said = now
        return b"".join(parts)

    # The beginning -------------------------------------------------------------------------------------------------

    def _say(self, message: Message) -> None:
        self._control.append(encode(message))

    def _say_contact(self) -> None:
        self._control.append(encode_contact(ContactHeader(VERSION, self.policy.can_tls)))

    def _take_contact(self, now: Instant, events: list[Event]) -> None:
        header = self._reader.take_contact()
        if header is None:
            return
        if not self.active:
            self._say_contact()
        if header.version != VERSION:
            if self.active:
                self._close(TermReason.VERSION_MISMATCH, "version", f"the peer speaks {header.version}", events)
            else:
                detail = f"the peer speaks version {header.version}"
                self._terminate_now(TermReason.VERSION_MISMATCH, "version", detail, events)
            return
        if self.policy.busy:
            self._terminate_now(TermReason.BUSY, "busy", "there are sessions enough", events)
            return
        tls = header.can_tls and self.policy.can_tls
        if self.policy.require_tls and not tls:
            text = "we demand TLS and the peer has none"
            self._terminate_now(TermReason.CONTACT_FAILURE, "tls-required", text, events)
            return
        self._deadline = Instant(now + self.policy.contact_patience_ns)
        if not tls:
            self._greet(now)
            return
        self.phase = Phase.SECURING
        if self._reader.buffered_bytes:
            self._close(TermReason.CONTACT_FAILURE, "plaintext-under-tls", "bytes came before TLS was there", events)
        else:
            events.append(Secure())

    def _greet(self, now: Instant) -> None:
        """The contact is made: the active side says SESS_INIT, the passive one waits for it."""
        self.phase = Phase.INIT
        self._deadline = Instant(now + self.policy.contact_patience_ns)
        if self.active:
            self._say_init()

    def _say_init(self) -> None:
        policy = self.policy
        self._say(Init(policy.keepalive_s, policy.segment_mru, policy.transfer_mru, policy.node_id))

    def _take_init(self, now: Instant, init: Init, events: list[Event]) -> None:
        fault = self._fault(init)
        if fault is not None:
            self._terminate_now(TermReason.CONTACT_FAILURE, *fault, events)
            return
        if not self.active:
            self._say_init()
        policy = self.policy
        self.phase, self.peer = Phase.OPEN, init.node_id
        self.transfer_mtu = min(init.transfer_mru, LARGEST_ID >> 1)
        self._segment_bytes = min(policy.segment_bytes, init.segment_mru)
        keepalive_s = min(policy.keepalive_s, init.keepalive_s)
        self._keepalive_ns = keepalive_s * SECOND
        secured = self.certified is not None
        events.append(Established(init.node_id, secured, keepalive_s, self._segment_bytes, self.transfer_mtu))

    def _fault(self, init: Init) -> tuple[str, str] | None:
        """Why no session is made with this peer: the check and the words; None if there is no reason."""
        policy = self.policy
        try:
            node = parse_eid(init.node_id)
        except DataError:
            return "node-id", f"{init.node_id[:80]!r} names no node"
        if node.is_null or node.text == policy.node_id:
            return "node-id", f"{node.text} is nobody else"
        if policy.expected_node_id and init.node_id != policy.expected_node_id:
            return "node-id-expected", f"{init.node_id} answers where {policy.expected_node_id} should"
        if self.certified is not None and policy.require_authentication and init.node_id not in self.certified:
            return "node-id-certified", f"the certificate does not name {init.node_id}"
        if self.certified is None and policy.proven is not None and policy.proven(node.text):
            return "node-id-certified", f"{node.text} is believed under TLS only"
        if min(init.segment_mru, init.transfer_mru) < policy.least_mru:
            return "mru", f"segments of {init.segment_mru} and transfers of {init.transfer_mru} bytes are too little"
        try:
            items = decode_items(init.extensions)
        except RemoteProtocolError as error:
            return error.check, error.detail
        critical = [item.kind for item in items if item.critical]
        return ("critical-extension", f"type {critical[0]} is not known") if critical else None

    # Messages ------------------------------------------------------------------------------------------------------

    def _take_messages(self, now: Instant, events: list[Event]) -> None:
        reader = self._reader
        while (message := reader.take()) is not None:
            self._heard, self._trickle = now, 0
            if type(message) is Segment and self.phase is not Phase.INIT:
                self._take_segment(now, message, events)
            elif type(message) is Ack and self.phase is not Phase.INIT:
                self._take_ack(now, message, events)
            else:
                self._take_rare(now, message, events)
            if self.phase is Phase.CLOSED:
                return
        if self.phase is Phase.ENDING:
            self._finish(events, TermReason.UNKNOWN, "the session was ended")

    def _take_segment(self, now: Instant, segment: Segment, events: list[Event]) -> None:
        incoming = self._incoming
        try:
            bundle = incoming.take(now, segment, self.policy.transfer_mru, self.phase is Phase.ENDING)
        except Refusal as refusal:
            self.counts[refusal.check] += 1
            reply = encode(Refuse(refusal.reason, segment.transfer))
            incoming.answers.append(Answer(-1, 0, 0, now, reply))
        except RemoteProtocolError as error:
            self._reject(XFER_SEGMENT, error.check, events)
        else:
            if bundle is not None:
                events.append(Arrived(segment.transfer, bundle))

    def _take_ack(self, now: Instant, ack: Ack, events: list[Event]) -> None:
        try:
            if self._outgoing.acknowledged(ack):
                events.append(Acknowledged(ack.transfer))
            self._answered = now
        except RemoteProtocolError as error:
            self._reject(XFER_ACK, error.check, events)

    def _take_rare(self, now: Instant, message: Message, events: list[Event]) -> None:
        match message:
            case Keepalive():
                pass
            case Init() if self.phase is Phase.INIT:
                self._take_init(now, message, events)
            case Refuse() if self.phase is not Phase.INIT:
                self._take_refuse(now, message, events)
            case Term():
                self._take_term(now, message, events)
            case Reject():
                self._take_reject(message, events)
            case _:
                self._reject(self._reader.kind, "unexpected", events)

    def _take_refuse(self, now: Instant, refuse: Refuse, events: list[Event]) -> None:
        try:
            news = self._outgoing.refused(refuse.transfer)
        except RemoteProtocolError as error:
            self._reject(XFER_REFUSE, error.check, events)
            return
        self._answered = now
        if news:
            events.append(Refused(refuse.transfer, refuse.reason))

    def _take_term(self, now: Instant, term: Term, events: list[Event]) -> None:
        self._term_heard = True
        if self.phase is Phase.INIT:
            if not term.reply:
                self._say(Term(True, term.reason))
            self._close(term.reason, "", f"the peer ended it: {_name(term.reason)}", events)
        elif self.phase is Phase.OPEN:
            self._say(Term(True, term.reason))
            self._begin_ending(now)
            self._finish(events, term.reason, f"the peer ended it: {_name(term.reason)}")

    def _take_reject(self, reject: Reject, events: list[Event]) -> None:
        """Our message was rejected: of one that matters we cannot know which, so the session is of no more use."""
        self.counts["rejected-by-peer"] += 1
        if reject.kind in (XFER_SEGMENT, SESS_INIT) or self.counts["rejected-by-peer"] > self.policy.rejects_most:
            text = f"the peer rejects our messages of type {reject.kind}, reason {reject.reason}"
            self._terminate_now(TermReason.UNKNOWN, "", text, events)

    def _reject(self, kind: int, check: str, events: list[Event]) -> None:
        self.counts[check] += 1
        self._rejects += 1
        self._say(Reject(RejectReason.UNEXPECTED, kind))
        if self._rejects > self.policy.rejects_most:
            text = f"more than {self.policy.rejects_most} messages of the peer were out of place"
            self._terminate_now(TermReason.RESOURCE_EXHAUSTION, "rejects", text, events)

    # The end -------------------------------------------------------------------------------------------------------

    def _give_up_waiting(self, now: Instant) -> None:
        answers = self._incoming.answers
        for answer in list(answers) if answers and answers[0].reply is None else ():
            if answer.reply is None and now >= answer.arrived + self.policy.verdict_patience_ns:
                self.counts["verdict-overdue"] += 1
                self.refuse(answer.transfer, RefuseReason.NO_RESOURCES)

    def _idle_ns(self) -> int:
        return 2 * self._keepalive_ns or self.policy.idle_ns

    def _break(self, error: RemoteProtocolError, events: list[Event]) -> None:
        """The stream makes no sense any more."""
        breaks = _BREAKS.get(error.check)
        if breaks is None:  # no contact header came: closed without a word (6.1)
            self._close(TermReason.CONTACT_FAILURE, error.check, error.detail, events)
            return
        reject, reason = breaks
        if reject is not None:
            self._say(Reject(reject, self._reader.kind))
        self._terminate_now(reason, error.check, error.detail, events)

    def _overdue(self, events: list[Event]) -> None:
        waited = {
            Phase.CONTACT: "a contact header",
            Phase.SECURING: "TLS",
            Phase.INIT: "SESS_INIT",
            Phase.ENDING: "the end of the session",
        }[self.phase]
        if self.phase is Phase.INIT:
            self._terminate_now(TermReason.IDLE_TIMEOUT, "overdue", f"waited too long for {waited}", events)
        else:
            self._close(TermReason.IDLE_TIMEOUT, "overdue", f"waited too long for {waited}", events)

    def _begin_ending(self, now: Instant) -> None:
        self.phase = Phase.ENDING
        self._deadline = Instant(now + self.policy.ending_patience_ns)

    def _finish(self, events: list[Event], reason: int, detail: str) -> None:
        """Close when both sides have said SESS_TERM and nothing is under way."""
        out, into = self._outgoing, self._incoming
        if self._term_heard and not (out.flying or into.current >= 0 or into.waiting):
            into.due(self._control)
            self._close(reason, "", detail, events)

    def _terminate_now(self, reason: int, check: str, detail: str, events: list[Event]) -> None:
        """Say SESS_TERM and close, without waiting for what is under way."""
        if self.phase is not Phase.ENDING:
            self._incoming.due(self._control)
            self._say(Term(False, reason))
        self._close(reason, check, detail, events)

    def _close(self, reason: int, check: str, detail: str, events: list[Event]) -> None:
        if check:
            self.counts[check] += 1
        self.phase = Phase.CLOSED
        events.append(Ended(reason, f"{check}: {detail}" if check else detail))


def _name(reason: int) -> str:
    """A SESS_TERM reason in words."""
    try:
        return TermReason(reason).name.lower().replace("_", " ")
    except ValueError:
        return f"reason {reason}"
