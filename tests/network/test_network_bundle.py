"""The bundle codec takes what others wrote, byte for byte, and nothing that is malformed."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import DataError, Instant, LocalProtocolError, RemoteProtocolError, records
from orbitalcloud.core.effects import Save
from orbitalcloud.network import (
    AgentLimits,
    Block,
    Bundle,
    BundleAgent,
    ContactPlan,
    Reassembly,
    cbor,
    decode,
    encode,
    fragment,
    making,
    parse_eid,
    require_conformant,
)
from orbitalcloud.network.bundle import (
    HOP_COUNT,
    IS_FRAGMENT,
    MUST_NOT_FRAGMENT,
    PAYLOAD,
    REPLICATE,
    TOLERANCES,
    hop_count_data,
)
from orbitalcloud.network.convergence import Segment, encode_segment, transfer_name
from orbitalcloud.network.crc import crc16_x25, crc32c
from orbitalcloud.network.eid import read_eid

DATA = Path(__file__).parents[1] / "data" / "network"
RFC9173 = json.loads((DATA / "rfc9173-appendix-a.json").read_text())["examples"]
CAPTURED = json.loads((DATA / "captured-here.json").read_text())["cases"]
DIFFERENTIAL = {
    case["name"]: bytes.fromhex(case["hex"])
    for case in json.loads((DATA / "differential-issues.json").read_text())["cases"]
}
WHOLE = bytes.fromhex(CAPTURED[1]["hex"])


def refused(data: bytes) -> str:
    with pytest.raises(RemoteProtocolError) as caught:
        decode(data)
    return caught.value.check


def test_check_values_of_the_crcs():
    """The "check" column of the CRC RevEng catalogue."""
    assert crc16_x25(b"123456789") == 0x906E
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("example", RFC9173, ids=lambda example: example["name"][:4])
@pytest.mark.parametrize("form", ["original", "final"])
def test_rfc_9173_bundles_byte_for_byte(example, form):
    data = bytes.fromhex(example[form])
    bundle = decode(data)
    assert encode(bundle) == data
    assert (bundle.source.text, bundle.destination.text) == ("ipn:2.1", "ipn:1.2")
    assert (bundle.sequence, bundle.lifetime_ms) == (40, 1_000_000)


def test_bundles_of_ion_and_pyd3tn_byte_for_byte():
    ion, pyd3tn = (bytes.fromhex(case["hex"]) for case in CAPTURED)
    bundle = decode(ion)
    assert bundle.payload == b"hello from ION 4.1.3"
    assert [block.type for block in bundle.blocks] == [6, 193, 7, 1]
    assert (bundle.source.text, bundle.previous_node, bundle.age_ms) == ("dtn:none", parse_eid("ipn:1.0"), 6)
    assert bundle.id == "dtn:none/1795392693313-0"
    for data in (ion, pyd3tn, (DATA / "pyd3tn-1kB-crc32c.bin").read_bytes()):
        assert encode(decode(data)) == data
        require_conformant(decode(data))


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("unknown block type 8, no delete flag", None),
        ("payload block number 33", "payload-number"),
        ("duplicate block number 2", "block-number"),
        ("primary block without CRC and without BIB", "primary-crc"),
        ("reserved block processing flags 0xF9 on payload", None),
        ("report-to ipn:0.1", None),
        ("is-fragment and must-not-fragment both set (flags 0x0f)", "primary-length"),
        ("creation time 0 with bundle age block number 166", None),
    ],
)
def test_cases_on_which_implementations_differ(name, check):
    """Two cases marked `None` carry no primary CRC: they are well-formed, and refused by the conformance rule alone."""
    data = DIFFERENTIAL[name]
    if check not in (None, "primary-crc"):
        assert refused(data) == check
        return
    bundle = decode(data)
    assert encode(bundle) == data
    if check == "primary-crc" or not bundle.crc:
        with pytest.raises(RemoteProtocolError, match="primary-crc"):
            require_conformant(bundle)
    else:
        require_conformant(bundle)


@pytest.mark.parametrize(
    ("name", "breaches", "reason"),
    [
        ("unknown block type 8, no delete flag", {"primary-crc"}, "its type 8 is fine; its primary has no CRC"),
        ("payload block number 33", {"payload-number"}, "RFC 9171 4.1; ION takes it"),
        ("duplicate block number 2", {"block-number"}, "RFC 9171 4.1; ION takes it"),
        ("primary block without CRC and without BIB", {"primary-crc"}, "RFC 9171 4.3.1; all but Hardy take it"),
        ("reserved block processing flags 0xF9 on payload", set(), "RFC 9171 4.2.4: unknown flags are ignored"),
        ("report-to ipn:0.1", {"primary-crc"}, "RFC 9758 3.4.1: node 0 is nobody; its primary has no CRC"),
        (
            "is-fragment and must-not-fragment both set (flags 0x0f)",
            None,
            "says fragment and has no offset: unreadable",
        ),
        ("creation time 0 with bundle age block number 166", set(), "RFC 9171 4.4.2: an age is there"),
    ],
)
def test_each_of_the_eight_by_the_tolerance_that_it_needs(name, breaches, reason):
    """Strict, only the conformant are taken; tolerant, each needs its breach named, and comes out byte for byte."""
    data = DIFFERENTIAL[name]

    def taken(tolerate):
        try:
            bundle = decode(data, tolerate=frozenset(tolerate))
            require_conformant(bundle, frozenset(tolerate))
        except RemoteProtocolError:
            return False
        assert encode(bundle) == data
        return True

    assert taken(()) == (breaches == set()), reason
    assert taken(TOLERANCES) == (breaches is not None), reason
    if breaches:
        assert taken(breaches), reason
        assert not taken(TOLERANCES - breaches), reason


def test_a_tolerant_node_carries_ions_bundles_as_they_came():
    """ION's private block 193 passes untouched, strict or not; a bundle that ION lets pass needs the tolerance."""
    ion = decode(bytes.fromhex(CAPTURED[0]["hex"]))
    on = making.forwarded(ion, parse_eid("dtn://b/"))
    assert on.block(193) == ion.block(193)
    odd = decode(DIFFERENTIAL["payload block number 33"], tolerate=TOLERANCES)
    now = Instant(odd.created + 10**9)
    wire = encode(odd)
    frame = encode_segment(Segment(transfer_name(wire), len(wire), 0, wire, True))
    for tolerate, said in ((frozenset(), ["payload-number"]), (frozenset({"payload-number"}), [])):
        made = BundleAgent("b", ContactPlan(), AgentLimits(tolerate=tolerate))
        outputs = made.received(now, "ion", frame)
        assert [o.entry.check for o in outputs if isinstance(getattr(o, "entry", None), records.FrameRefused)] == said
        assert made.stored_bundles == (0 if said else 1)
        again = BundleAgent("b", ContactPlan(), AgentLimits())
        again.restore(now, {o.key: o.value for o in outputs if isinstance(o, Save) and o.value is not None})
        assert again.stored_bundles == made.stored_bundles, "what was taken is not lost to a stricter restart"


def test_sums_are_left_out_for_who_reads_none_and_what_is_signed_is_left_alone():
    ion = decode(bytes.fromhex(CAPTURED[0]["hex"]))
    bare = decode(making.without_sums(encode(ion)))
    assert [bare.crc, *[block.crc for block in bare.blocks]] == [0] * (1 + len(ion.blocks))
    blocks = tuple(msgspec.structs.replace(block, crc=0) for block in ion.blocks)
    assert bare == msgspec.structs.replace(ion, crc=0, blocks=blocks)
    signed = (DATA / "bpv7-seeds" / "rfc9173-exA14.cbor").read_bytes()
    assert making.without_sums(signed) == signed


@pytest.mark.parametrize("path", sorted((DATA / "bpv7-seeds").iterdir()), ids=lambda path: path.stem)
def test_seeds_of_bsl_byte_for_byte(path):
    assert encode(decode(path.read_bytes())) == path.read_bytes()


def test_node_0_is_nobody():
    assert decode(DIFFERENTIAL["report-to ipn:0.1"]).report_to.is_null


def test_every_truncation_is_refused():
    for end in range(len(WHOLE)):
        refused(WHOLE[:end])


def test_every_changed_bit_is_refused():
    for index in range(1, len(WHOLE) - 1):
        for bit in range(8):
            changed = bytearray(WHOLE)
            changed[index] ^= 1 << bit
            refused(bytes(changed))


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"", "outer-array"),
        (b"\x82" + WHOLE[1:-1], "outer-array"),
        (WHOLE + b"\0", "trailing-bytes"),
        (WHOLE.replace(b"\x9f\x89\x07", b"\x9f\x89\x06"), "version"),
        (WHOLE.replace(b"\x9f\x89\x07", b"\x9f\x89\x18\x07"), "not-shortest"),
        (WHOLE.replace(b"\x9f\x89\x07", b"\x9f\x9f\x07"), "indefinite"),
        (WHOLE.replace(b"\x01\x00\x02\x58\x1a", b"\x01\x00\x02\x5f\x1a"), "indefinite"),
        (WHOLE.replace(b"\x01\x00\x02\x58\x1a", b"\x01\x00\x02\x5b" + b"\xff" * 8), "oversize"),
        (WHOLE.replace(b"\x01\x00\x02\x58\x1a", b"\x01\x00\x03\x58\x1a"), "crc-type"),
    ],
)
def test_malformed_bundles_say_what_is_wrong(data, check):
    assert refused(data) == check


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data):
    for candidate in (data, b"\x9f" + data, WHOLE[:40] + data):
        try:
            bundle = decode(candidate)
        except RemoteProtocolError:
            continue
        assert encode(bundle) == candidate


U64 = st.one_of(st.integers(0, 30), st.integers(0, 2**64 - 1))
EIDS = st.one_of(
    st.just("dtn:none"),
    st.from_regex(r"dtn://[a-z0-9.-]{1,30}/[!-~]{0,40}", fullmatch=True),
    st.builds("ipn:{}.{}".format, st.integers(0, 2**32 - 1), U64),
    st.builds("ipn:{}.{}.{}".format, st.integers(1, 2**32 - 1), st.integers(0, 2**32 - 1), U64),
).map(parse_eid)


@st.composite
def bundles(draw) -> Bundle:
    numbers = draw(st.lists(st.integers(2, 2**64 - 1), max_size=5, unique=True))
    blocks = [
        Block(
            draw(st.integers(13, 2**64 - 1)), number, draw(st.binary(max_size=40)), draw(U64), draw(st.integers(0, 2))
        )
        for number in numbers
    ]
    payload = draw(st.binary(max_size=300))
    blocks.append(Block(PAYLOAD, 1, payload, draw(U64), draw(st.integers(0, 2))))
    flags = draw(U64)
    offset = draw(st.integers(0, 2**32)) if flags & IS_FRAGMENT else 0
    total = offset + len(payload) + draw(st.integers(0, 9)) if flags & IS_FRAGMENT else 0
    return Bundle(
        draw(EIDS),
        draw(EIDS),
        draw(U64),
        draw(U64),
        draw(U64),
        tuple(blocks),
        draw(EIDS),
        flags,
        draw(st.integers(0, 2)),
        offset,
        total,
    )


@given(bundles())
def test_what_is_written_is_read(bundle):
    assert decode(encode(bundle)) == bundle


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("82016e2f2f6e6f64656e616d652f737663", "dtn://nodename/svc"),
        ("8202821bffffffffffffffff1bffffffffffffffff", "ipn:4294967295.4294967295.18446744073709551615"),
        ("8202820b0a", "ipn:11.10"),
        ("8202831affffffff1affffffff1bffffffffffffffff", "ipn:4294967295.4294967295.18446744073709551615"),
        ("8202830b0a0a", "ipn:11.10.10"),
        ("820100", "dtn:none"),
    ],
)
def test_endpoints_of_the_bsl_corpus(encoded, text):
    """NASA-AMMOS/BSL @5fc1324, fuzz_mock_bpa_eid_cbor-corpus; RFC 9758 for the text forms."""
    data = bytes.fromhex(encoded)
    eid, end = read_eid(data, 0)
    assert (eid.text, eid.encoded, end) == (text, data, len(data))
    assert parse_eid(text) == eid


@pytest.mark.parametrize(
    "encoded", ["8200f6", "821a00010000a2", "8201646e6f6e65", "820164 2f2f6162", "82028101", "820383010203"]
)
def test_other_endpoints_are_refused(encoded):
    with pytest.raises(RemoteProtocolError):
        read_eid(bytes.fromhex(encoded.replace(" ", "")), 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dtn:",
        "dtn:some",
        "dtn://a",
        "dtn:///x",
        "ipn:1",
        "ipn:1.2.3.4",
        "ipn:01.2",
        "http://a/b",
        "ipn:1.99999999999999999999",
    ],
)
def test_other_uris_are_refused(text):
    with pytest.raises(DataError):
        parse_eid(text)


@given(st.integers(0, 2**64 - 1))
def test_integers_have_one_form(value):
    data = cbor.unsigned(value)
    assert cbor.read_unsigned(data, 0) == (value, len(data))


# Fragments ----------------------------------------------------------------------------------------------------------


def long_bundle(payload: bytes, flags: int = 0) -> Bundle:
    blocks = (
        Block(HOP_COUNT, 2, hop_count_data(30, 1), REPLICATE),
        Block(200, 3, b"once"),
        Block(PAYLOAD, 1, payload),
    )
    return Bundle(parse_eid("dtn://b/x"), parse_eid("dtn://a/"), 1000, 7, 60_000, blocks, flags=flags)


@given(st.binary(min_size=1, max_size=3000), st.integers(120, 900), st.randoms(use_true_random=False))
def test_fragments_fit_and_make_the_whole_in_any_order(payload, most, shuffler):
    whole = long_bundle(payload)
    parts = fragment(whole, most)
    assert all(len(encode(part)) <= most for part in parts)
    if len(parts) == 1:
        assert parts == [whole]
        return
    again = [piece for part in parts for piece in fragment(part, most - 20)]
    pieces = parts + again
    shuffler.shuffle(pieces)
    assembly = Reassembly(len(payload))
    for piece in pieces:
        assembly.add(decode(encode(piece)))
    assert assembly.complete
    assert assembly.bundle() == whole


def test_only_replicated_blocks_are_in_later_fragments():
    first, second, *_ = fragment(long_bundle(bytes(1000)), 400)
    assert [block.type for block in first.blocks] == [HOP_COUNT, 200, PAYLOAD]
    assert [block.type for block in second.blocks] == [HOP_COUNT, PAYLOAD]
    assert second.id == f"a/946684801000-7+{len(first.payload)}.{len(second.payload)}"


def test_what_must_not_be_cut_is_not():
    with pytest.raises(LocalProtocolError):
        fragment(long_bundle(bytes(1000), MUST_NOT_FRAGMENT), 400)
    with pytest.raises(LocalProtocolError):
        fragment(long_bundle(bytes(1000)), 50)


def test_fragments_that_disagree_are_refused_and_change_nothing():
    first, second, third = fragment(long_bundle(bytes(range(200)) * 5), 500)
    assembly = Reassembly(1000)
    assembly.add(first)
    liar = msgspec.structs.replace(second, offset=second.offset - 10)
    with pytest.raises(RemoteProtocolError, match="overlap-disagrees"):
        assembly.add(liar)
    with pytest.raises(RemoteProtocolError, match="fragment-total"):
        assembly.add(msgspec.structs.replace(second, total_bytes=2000))
    with pytest.raises(RemoteProtocolError, match="fragment-name"):
        assembly.add(msgspec.structs.replace(second, sequence=8))
    assembly.add(second)
    assert not assembly.complete
    assembly.add(third)
    assert assembly.bundle().payload == bytes(range(200)) * 5


def test_a_fragment_beyond_its_total_is_refused():
    _, second, *_ = fragment(long_bundle(bytes(1000)), 400)
    assert refused(encode(msgspec.structs.replace(second, total_bytes=second.offset + 1))) == "fragment-range"
