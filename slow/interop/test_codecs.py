"""Bundles of pyD3TN read by us and written back byte for byte; ours read by pyD3TN and py-dtn7; status reports."""

from __future__ import annotations

import random
from itertools import product

import msgspec
import pytest

from orbitalcloud.core import SECOND, Instant, RemoteProtocolError
from orbitalcloud.network import Block, Bundle, admin, decode, encode, parse_eid
from orbitalcloud.network.bundle import (
    BUNDLE_AGE,
    DELETE_UNPROCESSED,
    DISCARD_UNPROCESSED,
    HOP_COUNT,
    IS_ADMINISTRATIVE,
    IS_FRAGMENT,
    MUST_NOT_FRAGMENT,
    PAYLOAD,
    PREVIOUS_NODE,
    PRIORITY,
    REPLICATE,
    REPORT_UNPROCESSED,
)
from orbitalcloud.network.cbor import unsigned

CREATED_S = 1_795_000_000
DTN_S = 946_684_800
NAMES = {
    "dtn": ("dtn://alice/in/box", "dtn://bob/", "dtn://carol/reports"),
    "ipn": ("ipn:2.1", "ipn:4294967295.18446744073709551615", "dtn:none"),
    "ipn-3": ("ipn:977000.100.1", "ipn:1.2.3", "ipn:9.0"),
}
BLOCKS = ("previous", "age", "hops", "private")
SIZES = (0, 1, 23, 24, 255, 256, 1000, 65_536)


def questions(crc: int, scheme: str) -> list[dict]:
    """Bundles of every set of blocks, whole and in part, small and large numbers in the fields."""
    chance = random.Random(f"{crc} {scheme}")
    destination, source, report_to = NAMES[scheme]
    made = []
    for fragment, *held in product((False, True), repeat=1 + len(BLOCKS)):
        has = dict(zip(BLOCKS, held, strict=True))
        size = chance.choice(SIZES)
        timed = not has["age"] or chance.random() < 0.5
        ask: dict = {
            "crc": crc,
            "flags": chance.choice((0, 0x20, 0x4040, 0x30000)) | (IS_FRAGMENT if fragment else 0),
            "destination": destination,
            "source": source,
            "report_to": report_to,
            "created_s": CREATED_S + chance.randrange(1000) if timed else 0,
            "sequence": chance.choice((0, 23, 24, 2**32, 2**64 - 1)),
            "lifetime_ms": chance.choice((0, 1000, 2**40)),
            "payload": chance.randbytes(size).hex(),
        }
        ask |= {"offset": chance.choice((0, 77, 2**33)), "total": 2**34} if fragment else {}
        ask |= {"previous": NAMES["dtn"][1]} if has["previous"] else {}
        ask |= {"age_s": chance.choice((0, 1, 70_000))} if has["age"] else {}
        ask |= {"hops": [chance.choice((1, 30, 255)), chance.choice((0, 23, 24))]} if has["hops"] else {}
        ask |= {"private": [193, chance.randbytes(9).hex()]} if has["private"] else {}
        made.append(ask)
    return made


@pytest.mark.parametrize("scheme", NAMES)
@pytest.mark.parametrize("crc", [0, 1, 2])
def test_what_pyd3tn_writes_we_read_and_write_the_same(codecs, crc, scheme):
    for ask in questions(crc, scheme):
        wire = bytes.fromhex(codecs.ask(ask="make", **ask))
        bundle = decode(wire)
        assert encode(bundle) == wire
        assert (bundle.crc, bundle.flags, bundle.lifetime_ms, bundle.sequence) == tuple(
            ask[key] for key in ("crc", "flags", "lifetime_ms", "sequence")
        )
        assert bundle.created_ms == (ask["created_s"] and (ask["created_s"] - DTN_S) * 1000)
        assert [eid.text for eid in (bundle.destination, bundle.source, bundle.report_to)] == list(NAMES[scheme])
        assert bundle.payload.hex() == ask["payload"]
        assert (bundle.offset, bundle.total_bytes) == (ask.get("offset", 0), ask.get("total", 0))
        assert (bundle.previous_node and bundle.previous_node.text) == ask.get("previous")
        assert bundle.age_ms == (None if "age_s" not in ask else ask["age_s"] * 1000)
        assert bundle.hops == (tuple(ask["hops"]) if "hops" in ask else None)


@pytest.mark.parametrize("crc", [1, 2])
def test_what_pyd3tn_sums_we_check(codecs, crc):
    """One bit anywhere in a bundle with sums on all its blocks is noticed, by us as it should be."""
    ask = next(one for one in questions(crc, "dtn") if {"previous", "age_s", "hops"} <= one.keys())
    wire = bytes.fromhex(codecs.ask(ask="make", **ask | {"payload": "00" * 40}))
    for at in range(len(wire)):
        with pytest.raises(RemoteProtocolError):
            decode(wire[:at] + bytes((wire[at] ^ 0x10,)) + wire[at + 1 :])


def ours(crc: int, scheme: str, private: bool) -> list[Bundle]:
    """Bundles of ours with every set of the blocks that RFC 9171 defines."""
    chance = random.Random(f"ours {crc} {scheme}")
    destination, source, report_to = (parse_eid(name) for name in NAMES[scheme])
    made = []
    for fragment, previous, age, hops in product((False, True), repeat=4):
        blocks = [Block(PRIORITY, 9, unsigned(7), 1, crc)] if private else []
        blocks += [Block(PREVIOUS_NODE, 4, source.encoded, 0, crc)] if previous else []
        blocks += [Block(BUNDLE_AGE, 30, unsigned(chance.randrange(10**9)), 1, crc)] if age else []
        blocks += [Block(HOP_COUNT, 2, b"\x82\x18\x1e\x05", 1, crc)] if hops else []
        blocks.append(Block(PAYLOAD, 1, chance.randbytes(chance.choice(SIZES)), 0, crc))
        flags = IS_FRAGMENT if fragment else MUST_NOT_FRAGMENT
        created = (CREATED_S - DTN_S) * 1000 + chance.randrange(1000)
        part = {"offset": 99, "total_bytes": 10**6} if fragment else {}
        made.append(Bundle(destination, source, created, 5, 86_400_000, tuple(blocks), report_to, flags, crc, **part))
    return made


@pytest.mark.parametrize("scheme", NAMES)
@pytest.mark.parametrize("crc", [0, 1, 2])
def test_what_we_write_pyd3tn_reads_and_writes_the_same(codecs, crc, scheme):
    for bundle in ours(crc, scheme, private=False):
        wire = encode(bundle)
        said = codecs.ask(ask="read", hex=wire.hex())
        assert said["again"] == wire.hex()
        assert said["crcs"] == [True] * (1 + len(bundle.blocks) if crc else 0)
        assert said["blocks"][1:] == [[block.type, block.number, block.crc] for block in bundle.blocks]
        assert [said["destination"], said["source"], said["report_to"]] == list(NAMES[scheme])
        assert said["created"] == [bundle.created_ms, bundle.sequence]
        assert said["payload"] == bundle.payload.hex()
        assert said["fragment"] == ([bundle.offset, bundle.total_bytes] if bundle.is_fragment else [None, None])


def test_py_dtn7_reads_ours_where_there_is_no_crc_and_no_fragment(dtn7):
    for scheme in ("dtn", "ipn"):
        for bundle in ours(0, scheme, private=False):
            if bundle.is_fragment:
                continue
            said = dtn7.ask(ask="read", hex=encode(bundle).hex())
            assert said["created"] == [bundle.created_ms, bundle.sequence]
            assert said["payload"] == bundle.payload.hex()
            # It writes ipn names as ipn://2.1, which no RFC does; the numbers are the same.
            assert said["destination"].replace("ipn://", "ipn:") == bundle.destination.text
            again = decode(bytes.fromhex(said["again"]))
            assert again.payload == bundle.payload
            assert {block.type for block in again.blocks} == {block.type for block in bundle.blocks}


def test_what_the_peers_do_not_know_they_refuse(codecs, dtn7):
    """Pinned, so that it is noticed when a peer learns it: docs/interop.md says the same."""
    whole = [bundle for bundle in ours(2, "dtn", private=False) if not bundle.is_fragment]
    assert "CRC" in dtn7.refuses(ask="read", hex=encode(whole[0]).hex())
    private = ours(2, "dtn", private=True)[0]
    assert "220 is not a valid BlockType" in codecs.refuses(ask="read", hex=encode(private).hex())
    three = ours(0, "ipn-3", private=False)[0]
    assert dtn7.refuses(ask="read", hex=encode(three).hex())


# Status reports ------------------------------------------------------------------------------------------------------

AT_S = CREATED_S + 5
SUBJECT = Bundle(
    parse_eid("ipn:2.1"),
    parse_eid("dtn://bob/app"),
    (CREATED_S - DTN_S) * 1000,
    7,
    60_000,
    (Block(PAYLOAD, 1, bytes(500)),),
    flags=admin.ASK_STATUS_TIME | sum(admin.ASK),
)
PART = msgspec.structs.replace(SUBJECT, flags=SUBJECT.flags | IS_FRAGMENT, offset=100, total_bytes=900)
STATUS_BITS = (0x01, 0x04, 0x08, 0x10)
"""pyD3TN's numbers of RFC 9171's four assertions."""


@pytest.mark.parametrize("status", range(4))
@pytest.mark.parametrize("subject", [SUBJECT, PART])
def test_our_status_reports_read_by_pyd3tn(codecs, status, subject):
    report = admin.report_on(subject, status, 9, Instant(AT_S * SECOND))
    said = codecs.ask(ask="record", hex=admin.encode_report(report).hex())
    assert (said["type"], said["reason"], said["source"]) == (1, 9, "dtn://bob/app")
    assert [one[0] for one in said["status"]] == [index == status for index in range(4)]
    assert said["status"][status][1] == (AT_S - DTN_S) * 1000
    assert said["created"] == [subject.created_ms, subject.sequence]
    assert said["fragment"] == ([100, 500] if subject.is_fragment else [])


@pytest.mark.parametrize("status", range(4))
@pytest.mark.parametrize("subject", [SUBJECT, PART])
def test_pyd3tns_status_reports_read_by_us(codecs, status, subject):
    wire = codecs.ask(
        **{"ask": "report", "hex": encode(subject).hex(), "at_s": AT_S, "status": STATUS_BITS[status], "reason": 9},
        source="dtn://carol/",
        destination="dtn://bob/app",
    )
    bundle = decode(bytes.fromhex(wire))
    assert bundle.flags & IS_ADMINISTRATIVE
    report = admin.decode_record(bundle.payload)
    assert report.asserted == tuple(index == status for index in range(4))
    assert (report.reason, report.source.text) == (9, "dtn://bob/app")
    assert report.subject.startswith(subject.whole_id)
    # pyD3TN writes whole seconds where 4.2.6 has milliseconds, and of a fragment the length of all (6.1.1: its own).
    assert report.times[status] == AT_S - DTN_S
    assert (report.offset, report.length) == ((100, 900) if subject.is_fragment else (0, 0))


def test_flags_of_pyd3tn_that_are_not_those_of_the_rfc(codecs):
    """RFC 9171 4.2.3: deletion is bit 18; 4.2.4: report is bit 1, delete bit 2, discard bit 4. All others agree."""
    theirs = codecs.ask(ask="flags")
    assert theirs["REPORT_DELETION"] == 0x400000 != admin.ASK[admin.DELETED]
    asks = ("REPORT_RECEPTION", "REPORT_FORWARDING", "REPORT_DELIVERY")
    assert tuple(theirs[name] for name in asks) == admin.ASK[:3]
    assert theirs["REPORT_STATUS_TIME"] == admin.ASK_STATUS_TIME
    assert theirs["MUST_BE_REPLICATED"] == REPLICATE
    blocks = [theirs[name] for name in ("DISCARD_IF_UNPROC", "REPORT_IF_UNPROC", "DELETE_BUNDLE_IF_UNPROC")]
    assert blocks == [REPORT_UNPROCESSED, DELETE_UNPROCESSED, DISCARD_UNPROCESSED], "each has another's number"


def test_py_dtn7_writes_blocks_that_it_does_not_know_behind_the_payload(dtn7):
    """RFC 9171 4.1: the payload is the last block. So what it passes on with a private block, no strict node takes."""
    private = next(one for one in ours(0, "dtn", private=True) if not one.is_fragment)
    again = dtn7.ask(ask="read", hex=encode(private).hex())["again"]
    with pytest.raises(RemoteProtocolError, match="payload"):
        decode(bytes.fromhex(again))
