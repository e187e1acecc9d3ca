"""What ION 4.1.3 and HDTN 1.3.1 really sent, sent again to our live nodes: UDP, STCP and TCPCLv4.

The daemons themselves are in no registry (docs/interop.md says how to try them by hand). Their bundles here are those
in `tests/data/network`, with the creation time set to now, or they would have expired; nothing else of them is changed,
and their sums are computed anew.
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import msgspec
import pytest

from network.cases_network import hdtn_keys
from orbitalcloud.core import from_hex, records
from orbitalcloud.network import Bundle, decode, encode, parse_eid
from orbitalcloud.network.bundle import (
    BLOCK_CONFIDENTIALITY,
    BLOCK_INTEGRITY,
    BUNDLE_AGE,
    DTN_EPOCH_MS,
    HOP_COUNT,
    PAYLOAD,
    PREVIOUS_NODE,
)
from orbitalcloud.network.security import Demand, Policy, judge, seal_gcm, sign_hmac
from tcpcl_streams import captured_streams

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "network"
QOS = 193
"""ION's private block: quality of service."""
CASES = json.loads((DATA / "captured-here.json").read_text())["cases"]
HDTN = json.loads((DATA / "hdtn-live-bpsec.json").read_text())["cases"]


def made_now(bundle: Bundle, sequence: int) -> Bundle:
    """The same bundle as if it were sent at this moment."""
    now_ms = time.time_ns() // 1_000_000 - DTN_EPOCH_MS
    return msgspec.structs.replace(bundle, created_ms=now_ms, sequence=sequence)


def of_ion(sequence: int = 0) -> Bundle:
    return made_now(decode(from_hex(CASES[0]["hex"])), sequence)


def exactly(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        assert part, "the node closed the connection"
        data += part
    return data


def next_stcp(stream: socket.socket) -> bytes:
    """The next bundle as ION's stcpcli takes it: four bytes of length, big-endian; 0 is a keep-alive."""
    while not (size := int.from_bytes(exactly(stream, 4), "big")):
        pass
    return exactly(stream, size)


def test_ions_datagrams_are_delivered(node):
    """udpclo sends each bundle raw in a datagram, from any port of its host."""
    ours = node("ipn:2", "--listen", "udp://127.0.0.1:0", "--peer", "udp://ipn:1@127.0.0.1:9")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ion:
        for sequence in range(3):
            ion.sendto(encode(of_ion(sequence)), ("127.0.0.1", ours.ports[0]))
    letters = ours.recv("1", 3)
    assert [letter["payload"] for letter in letters] == [b"hello from ION 4.1.3"] * 3
    assert {letter["from"] for letter in letters} == {"dtn:none"}


def test_our_datagrams_are_what_udpcli_takes(node):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ion:
        ion.bind(("127.0.0.1", 0))
        ion.settimeout(20)
        ours = node("ipn:2", "--peer", f"udp://ipn:1@127.0.0.1:{ion.getsockname()[1]}")
        ours.send("ipn:1.1", b"hello ION")
        bundle = decode(ion.recv(65_535))
    assert (bundle.destination.text, bundle.source.text, bundle.payload) == ("ipn:1.1", "ipn:2.0", b"hello ION")
    assert all(block.crc for block in bundle.blocks), "every block of ours has its sum"


def test_an_echo_of_ions_finds_its_way_back(node):
    """bpecho sends back to the source. ION keeps 32 bits of a service number, so no ping of ours may have more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ion:
        ion.bind(("127.0.0.1", 0))
        ion.settimeout(20)
        ours = node(
            "ipn:2",
            *("--listen", "udp://127.0.0.1:0", "--peer", f"udp://ipn:1@127.0.0.1:{ion.getsockname()[1]}"),
        )
        pinging = ours.begin("ping", "ipn:1.2", "--count", "1", "--json")
        asked = decode(ion.recv(65_535))
        assert int(asked.source.service) < 2**32
        echo = msgspec.structs.replace(of_ion(), destination=asked.source, source=parse_eid("ipn:1.2"))
        payload = msgspec.structs.replace(echo.blocks[-1], data=asked.payload)
        echo = msgspec.structs.replace(echo, blocks=(*echo.blocks[:-1], payload))
        ion.sendto(encode(echo), ("127.0.0.1", ours.ports[0]))
        said, _ = pinging.communicate(timeout=30)
    assert pinging.returncode == 0
    assert json.loads(said.splitlines()[0])["ms"] > 0


def test_ions_private_block_passes_our_relay_untouched(node):
    """STCP in, STCP out: what ION attached is there, with its number, its flags and its sum, and so is the rest."""
    with socket.create_server(("127.0.0.1", 0)) as ion:
        ion.settimeout(20)
        out = f"stcp://ipn:2@127.0.0.1:{ion.getsockname()[1]}"
        ours = node("ipn:5", "--listen", "stcp://127.0.0.1:0", "--peer", out)
        stream, _ = ion.accept()
        with stream, socket.create_connection(("127.0.0.1", ours.ports[0])) as sender:
            stream.settimeout(20)
            sent = [of_ion(sequence) for sequence in range(20)]
            framed = b"".join(len(wire).to_bytes(4, "big") + wire for wire in map(encode, sent))
            sender.sendall(b"\0\0\0\0" + framed[:1000])
            sender.sendall(framed[1000:])
            came = sorted((decode(next_stcp(stream)) for _ in sent), key=lambda bundle: bundle.sequence)
    for before, after in zip(sent, came, strict=True):
        assert after.block(QOS) == before.block(QOS)
        assert after.block(QOS) is not None
        touched = (PREVIOUS_NODE, BUNDLE_AGE, HOP_COUNT)
        assert [block for block in after.blocks if block.type not in touched] == [
            block for block in before.blocks if block.type not in touched
        ]
        assert msgspec.structs.replace(after, blocks=()) == msgspec.structs.replace(before, blocks=())
        assert after.previous_node is not None
        assert after.previous_node.text == "ipn:5.0"
        assert after.age_ms is not None
        assert before.age_ms is not None
        assert after.age_ms >= before.age_ms


@pytest.mark.parametrize("case", HDTN, ids=lambda case: case["policy"])
def test_what_hdtn_secures_passes_our_relay_and_still_verifies(node, case):
    """HDTN's bundles with its keys, its BIB and BCB made anew for a bundle of now; STCP in and out.

    As they were sent, they are read, and dropped because their lifetime is over and for nothing else.
    """
    keys = hdtn_keys(case)
    demand = Demand(block=1, signed="int" in case["policy"], sealed="con" in case["policy"], otherwise="drop")
    old = from_hex(case["bundle"])
    plain = judge(decode(old), Policy((demand,)), keys, "acceptor").bundle
    assert plain is not None
    fresh = made_now(plain, 1)
    if demand.signed:
        fresh = sign_hmac(fresh, (1,), from_hex(case["bib_key"]), fresh.source, variant=5)
    if demand.sealed:
        targets = tuple(block.number for block in fresh.blocks if block.type in (PAYLOAD, BLOCK_INTEGRITY))
        # HDTN seals a payload and its BIB in one BCB under one IV, which AES-GCM should never see twice: so do we here.
        fresh = seal_gcm(fresh, targets, from_hex(case["bcb_key"]), fresh.source, b"interop-iv-1", share_iv=True)
    with socket.create_server(("127.0.0.1", 0)) as far:
        far.settimeout(20)
        port = far.getsockname()[1]
        ours = node("ipn:5", "--listen", "stcp://127.0.0.1:0", "--peer", f"stcp://ipn:2@127.0.0.1:{port}")
        stream, _ = far.accept()
        with stream, socket.create_connection(("127.0.0.1", ours.ports[0])) as sender:
            stream.settimeout(20)
            for wire in (old, encode(fresh)):
                sender.sendall(len(wire).to_bytes(4, "big") + wire)
            after = decode(next_stcp(stream))
    judged = judge(after, Policy((demand,)), keys, "acceptor")
    assert judged.why.ok, judged.why
    assert judged.bundle is not None
    assert judged.bundle.payload == plain.payload
    secured = (BLOCK_INTEGRITY, BLOCK_CONFIDENTIALITY, PAYLOAD)
    assert [one for one in after.blocks if one.type in secured] == [one for one in fresh.blocks if one.type in secured]
    dropped = [entry.why.rule for entry in ours.show().entries if isinstance(entry, records.BundleDropped)]
    assert dropped == ["lifetime"]


# HDTN's TCPCLv4 ------------------------------------------------------------------------------------------------------

HDTN_PORT = 4558
CAPTURED = captured_streams(DATA / "tcpclv4-python-to-hdtn.pcap")
XFER_SEGMENT, XFER_ACK, SESS_TERM = 1, 2, 5


def brought_up_to_date(stream: bytes) -> tuple[bytes, list[Bundle]]:
    """A client's bytes of the capture with each bundle made now, all else as it was; and the bundles."""
    parts, bundles, at = [], [], 0
    while (begin := stream.find(b"\x9f\x89\x07", at)) >= 0:
        size = int.from_bytes(stream[begin - 8 : begin], "big")
        bundles.append(made_now(decode(stream[begin : begin + size]), len(bundles)))
        fresh = encode(bundles[-1])
        assert len(fresh) == size
        parts += [stream[at:begin], fresh]
        at = begin + size
    return b"".join((*parts, stream[at:])), bundles


def messages(stream: bytes) -> list[bytes]:
    """What stands behind the contact header and SESS_INIT, message by message, in order of their bytes."""
    at = 27 + int.from_bytes(stream[25:27], "big") + 4
    found = []
    while at < len(stream):
        size = {XFER_ACK: 18, SESS_TERM: 3}[stream[at]]
        found.append(stream[at : at + size])
        at += size
    return sorted(found)


def test_the_session_that_hdtn_had_is_had_with_us(node):
    """The client's bytes of the capture to our live listener: the same answers as HDTN's, transfer by transfer."""
    client = b"".join(data for port, data in CAPTURED if port != HDTN_PORT)
    theirs = b"".join(data for port, data in CAPTURED if port == HDTN_PORT)
    sent, bundles = brought_up_to_date(client)
    assert len(bundles) == 3
    service = bundles[0].destination.service
    ours = node(bundles[0].destination.node, "--listen", "tcpcl://127.0.0.1:0")
    came = b""
    with socket.create_connection(("127.0.0.1", ours.ports[0])) as stream:
        stream.settimeout(20)
        stream.sendall(sent)
        while part := stream.recv(1 << 16):
            came += part
    letters = ours.recv(service, 3)
    assert sorted(letter["payload"] for letter in letters) == sorted(bundle.payload for bundle in bundles)
    assert came[:6] == theirs[:6] == b"dtn!\x04\x00"
    # After the SESS_INITs, which say different limits and names, three acknowledgements and the end. Ours ends when it
    # is asked to and acknowledges what was under way when it is on disk: in this order, as RFC 9174 6.1 allows.
    assert messages(came) == messages(theirs)


def test_our_node_dials_who_answers_as_hdtn_did(node):
    """Contact header and SESS_INIT as HDTN sent them, its limits and its name; an acknowledgement as it writes them."""
    greeting = b"".join(data for port, data in CAPTURED if port == HDTN_PORT)[:38]
    with socket.create_server(("127.0.0.1", 0)) as hdtn:
        hdtn.settimeout(20)
        ours = node("ipn:1", "--peer", f"tcpcl://ipn:2@127.0.0.1:{hdtn.getsockname()[1]}")
        stream, _ = hdtn.accept()
        with stream:
            stream.settimeout(20)
            assert exactly(stream, 6) == b"dtn!\x04\x00"
            stream.sendall(greeting)
            init = exactly(stream, 21)
            assert init[0] == 7
            assert exactly(stream, int.from_bytes(init[19:21], "big")) == b"ipn:1.0"
            assert exactly(stream, 4) == bytes(4), "no session extensions"
            ours.send("ipn:2.1", b"x" * 500_000)
            wire, number = b"", 0
            while True:
                kind, flags = exactly(stream, 2)
                transfer = exactly(stream, 8)
                extensions = int.from_bytes(exactly(stream, 4), "big") if flags & 2 else 0
                exactly(stream, extensions)
                size = int.from_bytes(exactly(stream, 8), "big")
                assert kind == XFER_SEGMENT
                assert size <= 200_000, "HDTN's segment MRU"
                wire += exactly(stream, size)
                stream.sendall(bytes((XFER_ACK, flags)) + transfer + len(wire).to_bytes(8, "big"))
                number += 1
                if flags & 1:
                    break
        assert number == 3
        assert decode(wire).payload == b"x" * 500_000
        ours.until(lambda shown: shown.status.stored_bundles == 0)
