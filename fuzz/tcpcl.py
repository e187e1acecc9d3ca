"""A TCPCLv4 peer's bytes, in any pieces and in any state of the session."""

from __future__ import annotations

from pathlib import Path

from orbitalcloud.core import Instant
from orbitalcloud.network.tcpcl import Phase, Session
from orbitalcloud.network.tcpcl_events import Arrived, SessionPolicy
from orbitalcloud.network.tcpcl_messages import (
    Ack,
    Refuse,
    Reject,
    Segment,
    Term,
    encode,
    encode_items,
    transfer_length,
)

_CAPTURE = Path(__file__).parent.parent / "tests" / "data" / "network" / "tcpclv4-python-to-hdtn.pcap"
_T0 = Instant(1_774_008_000 * 10**9)
_POLICY = SessionPolicy(node_id="dtn://fuzzed/", segment_mru=8192, transfer_mru=20_000, segment_bytes=100)


def corpus() -> dict[str, bytes]:
    """Both streams of a real session with HDTN, and one of each message behind a contact header and SESS_INIT."""
    from tcpcl_streams import captured_streams

    packets = captured_streams(_CAPTURE)
    client = b"".join(payload for port, payload in packets if port != 4558)
    hdtn = b"".join(payload for port, payload in packets if port == 4558)
    hello = client[:38]
    length = encode_items((transfer_length(6),))
    rest = [Segment(2, 0, length, b"abc"), Segment(1, 0, b"", b"def"), Ack(2, 0, 100), Ack(1, 0, 250), Refuse(2, 1)]
    rest += [Reject(3, 2), Term(False, 1)]
    return {
        "client": b"\x40" + client,
        "hdtn": b"\xff" + hdtn,
        "messages": b"\x20" + hello + b"".join(encode(message) for message in rest),
        "tls": b"\x80dtn!\x04\x01",
    }


def target(data: bytes) -> None:
    """Nothing raises; what is held is bounded; time always ends it."""
    if not data:
        return
    active, piece = bool(data[0] & 0x80), 1 + (data[0] & 0x7F)
    session = Session(_T0, _POLICY, active)
    for at in range(1, len(data), piece):
        for event in session.receive(_T0, data[at : at + piece]):
            if isinstance(event, Arrived):
                assert len(event.bundle) <= 20_000
                session.accept(event.transfer)
        if session.is_open and not session.unanswered:
            session.send(bytes(min(250, session.transfer_mtu)))
        session.data_to_send(_T0)
        session.settle()
        if session.phase is Phase.SECURING:
            session.secured(_T0, frozenset({"ipn:1.0", "ipn:2.0"}))
        assert session._incoming.received_bytes <= 20_000
        assert session._reader.buffered_bytes <= 8192 + 4096 + 150
    for hours in range(1, 4):
        session.fired(Instant(_T0 + hours * 3600 * 10**9))
    assert session.phase is Phase.CLOSED
