"""Security under attack and at random: what is in scope cannot change unseen, and nothing but a refusal is raised."""

from __future__ import annotations

import contextlib
import hmac
import json
from pathlib import Path

import cbor2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.network import Block, Bundle, decode, encode, parse_eid
from orbitalcloud.network.security import (
    Demand,
    Keyring,
    Policy,
    SecurityBlock,
    accepted,
    examine,
    judge,
    read_asb,
    seal_cose,
    seal_gcm,
    sign_cose,
    sign_hmac,
    write_asb,
)
from orbitalcloud.network.security import item as items
from orbitalcloud.network.security.asb import find_block
from orbitalcloud.network.security.cose import external_aad

DATA = Path(__file__).parents[1] / "data" / "network"
RFC = json.loads((DATA / "rfc9173-appendix-a.json").read_text())["examples"]
HDTN = json.loads((DATA / "hdtn-live-bpsec.json").read_text())["cases"]
COSE = json.loads((DATA / "bpsec-cose-context.json").read_text())["bundles"]
NODE = parse_eid("dtn://alpha/")
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(32))
SECRET = bytes(range(32))
KEYS = Keyring(
    {
        ("verify", "alpha", b""): SIGNER.public_key().public_bytes_raw(),
        ("mac", "alpha", b""): SECRET,
        ("cipher", "alpha", b""): SECRET,
        ("wrap", "alpha", b""): SECRET,
        ("derive", "alpha", b""): SECRET,
    }
)
ALL = Policy(tuple(Demand(block=kind, signed=True, otherwise="drop") for kind in (0, 1, 192)))


def bare(payload: bytes = b"the payload", extension: bytes = b"more") -> Bundle:
    """Without CRCs: only security stands between a changed bit and the reader."""
    blocks = (Block(192, 2, extension, crc=0), Block(1, 1, payload, crc=0))
    destination, source = parse_eid("dtn://beta/x"), parse_eid("dtn://alpha/y")
    return Bundle(destination, source, 800_000_000_000, 3, 60_000, blocks, crc=0)


def signed_by_hmac(bundle: Bundle) -> Bundle:
    return sign_hmac(bundle, (0, 1, 2), SECRET, NODE, crc=0)


def signed_by_cose(bundle: Bundle) -> Bundle:
    return sign_cose(bundle, (0, 1, 2), SIGNER, NODE, crc=0)


def signed_and_sealed(bundle: Bundle) -> Bundle:
    bundle = sign_cose(bundle, (0,), SIGNER, NODE, crc=0)
    bundle = sign_hmac(bundle, (1, 2), SECRET, NODE, crc=0)
    return seal_cose(bundle, (1, 2, 4), SECRET, NODE, b"", tuple(bytes([n] * 12) for n in range(3)), crc=0)


MAKERS = (signed_by_hmac, signed_by_cose, signed_and_sealed)


def outcome(wire: bytes) -> Bundle | None:
    """The bundle that is accepted out of these bytes, None where they are refused or dropped."""
    try:
        bundle = decode(wire)
    except RemoteProtocolError:
        return None
    if bundle.is_fragment:
        return None  # Reassembled first: alone it is not judged.
    return judge(bundle, ALL, KEYS, "acceptor").bundle


@pytest.mark.parametrize("make", MAKERS)
def test_every_flipped_bit_is_refused_or_changes_nothing(make):
    """The bits that change nothing are the reserved flags of an abstract security block, which RFC 9172 3.6 ignores."""
    plain = bare()
    wire = encode(make(plain))
    assert outcome(wire) == plain
    harmless = 0
    for index in range(len(wire) * 8):
        changed = bytearray(wire)
        changed[index // 8] ^= 1 << index % 8
        got = outcome(bytes(changed))
        assert got in (None, plain), index
        harmless += got is not None
    # Four bits a block that is not itself sealed: 0x02 to 0x10. 0x01 says "parameters", the others break the head.
    assert harmless == 4 * sum(block.type in (11, 12) for block in decode(wire).blocks if block.number != 4)


@pytest.mark.parametrize("make", MAKERS)
def test_every_truncation_is_refused(make):
    wire = encode(make(bare()))
    assert {outcome(wire[:end]) for end in range(len(wire))} == {None}


@pytest.mark.parametrize("make", MAKERS)
def test_with_crcs_every_flipped_bit_is_refused_before_security(make):
    bundle = make(bare())
    crcs = tuple(msgspec.structs.replace(block, crc=2) for block in bundle.blocks)
    wire = encode(msgspec.structs.replace(bundle, crc=2, blocks=crcs))
    for index in range(0, len(wire) * 8, 3):
        changed = bytearray(wire)
        changed[index // 8] ^= 1 << index % 8
        with pytest.raises(RemoteProtocolError):
            decode(bytes(changed))


FOREIGN = [example["final"] for example in RFC] + [case["bundle"] for case in HDTN]
FOREIGN += [bundle["hex"] for name, bundle in COSE.items() if "WITH" in name]
FOREIGN_KEYS = Keyring(
    {
        (use, node, kid): SECRET[:size]
        for node in ("ipn:1", "ipn:2", "ipn:3", "src")
        for use, size in (("mac", 32), ("cipher", 32), ("wrap", 32), ("derive", 32), ("iv", 12), ("verify", 32))
        for kid in (b"", b"ExampleA.1", b"ExampleA.4", b"ExampleA.5", b"ExampleA.6")
    }
)


@given(st.sampled_from(FOREIGN), st.integers(0, 3000), st.integers(1, 255), st.integers(0, 4))
def test_foreign_bundles_changed_anywhere_raise_nothing_else(text, at, mask, cut):
    wire = bytearray.fromhex(text)
    at %= len(wire)
    wire[at] ^= mask
    del wire[at + 1 : at + 1 + cut]
    try:
        bundle = decode(bytes(wire))
    except RemoteProtocolError:
        return
    if not bundle.is_fragment:
        judge(bundle, Policy(strict=False), FOREIGN_KEYS, "acceptor")
        judge(bundle, Policy(), FOREIGN_KEYS, "verifier")


SCALARS = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=4) | st.none() | st.booleans()
CBOR = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(-30, 30), inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.dictionaries(st.sampled_from([1, 2, 4, 5, 6, -20]), SCALARS | st.sampled_from([-19, -6, -5, 3, 5]))
LAYER = st.tuples(HEADERS.map(cbor2.dumps) | st.just(b""), HEADERS)
RECIPIENT = st.builds(lambda layer, key: [*layer, key], LAYER, st.binary(max_size=40))
MESSAGE = st.builds(
    lambda layer, tag, recipients: [*layer, None, *tag, *recipients],
    LAYER,
    st.lists(st.binary(max_size=64), max_size=1),
    st.lists(st.lists(RECIPIENT, max_size=3), max_size=1),
)


@given(st.sampled_from([11, 12]), st.sampled_from([16, 17, 18, 96, 97, 98]), MESSAGE | CBOR, CBOR)
def test_any_cose_message_is_a_finding_or_a_refusal(kind, tag, message, scope):
    source = [1, "//alpha/"]
    parts = [[1], 3, 1, source, [[5, scope]], [[[tag, cbor2.dumps(message)]]]]
    plain = [[1], 3, 0, source, [[[tag, cbor2.dumps(message)]]]]
    for asb in (parts, plain):
        block = Block(kind, 3, b"".join(cbor2.dumps(part) for part in asb), 1)
        bundle = msgspec.structs.replace(bare(), blocks=(block, *bare().blocks))
        try:
            seen = examine(bundle, KEYS)
        except RemoteProtocolError:
            continue
        assert "good" not in [finding.status for finding in seen.findings]


def handmade(kind: int, protected: bytes, unprotected: dict, context: str, recipients: list | None = None):
    """A bundle with a message of anyone's shape, signed or MACed rightly: only its shape can be wrong."""
    plain = bare()
    asb = SecurityBlock((1,), 3, NODE, (), (), 0)
    block = Block(11, 3, b"", 0, crc=0)
    text = cbor2.dumps([context, protected, external_aad(plain, block, asb, 1), plain.payload])
    tag = SIGNER.sign(text) if kind == 18 else hmac.digest(SECRET, text, "sha256")
    message = [protected, unprotected, None, tag] + ([recipients] if recipients is not None else [])
    full = msgspec.structs.replace(asb, results=(((kind, cbor2.dumps(message)),),))
    fresh = msgspec.structs.replace(block, data=write_asb(full))
    return examine(msgspec.structs.replace(plain, blocks=(fresh, *plain.blocks)), KEYS).findings[0]


ED25519, HMAC_256 = cbor2.dumps({1: -19}), cbor2.dumps({1: 5})


@pytest.mark.parametrize(
    ("arguments", "check"),
    [
        ((18, ED25519, {}, "Signature1"), ""),
        ((18, cbor2.dumps({1: -8}), {}, "Signature1"), ""),
        ((17, HMAC_256, {}, "MAC0"), ""),
        ((97, HMAC_256, {}, "MAC", [[b"", {1: -6}, b""]]), ""),
        ((97, HMAC_256, {}, "MAC", [[b"", {1: -6, 4: b"who"}, b""], [b"", {1: -6}, b""]]), ""),
        ((18, b"", {1: -19}, "Signature1"), "cose-algorithm"),
        ((18, ED25519, {1: -19}, "Signature1"), "cose"),
        ((18, cbor2.dumps({1: -51}), {}, "Signature1"), "cose-algorithm"),
        ((18, cbor2.dumps({1: -19, 2: [77], 77: 1}), {}, "Signature1"), "cose"),
        ((18, ED25519, {4: b"who"}, "Signature1"), "security-key"),
        ((18, ED25519, {}, "Signature"), "security-failed"),
        ((17, HMAC_256, {}, "MAC"), "security-failed"),
        ((97, HMAC_256, {}, "MAC", []), "cose"),
        ((97, HMAC_256, {}, "MAC", [[b"", {1: -6}, b""]] * 11), "cose"),
        ((97, HMAC_256, {}, "MAC", [[cbor2.dumps({1: -10}), {}, b""]]), "cose"),
        ((97, HMAC_256, {}, "MAC", [[cbor2.dumps({1: -10}), {-20: b"salt", -21: b"me"}, b""]]), "cose"),
        ((97, HMAC_256, {}, "MAC", [[b"", {1: -5}, bytes(40)]]), "wrapped-key"),
        ((97, HMAC_256, {}, "MAC", [[b"", {1: -29}, b""]]), "cose-algorithm"),
    ],
)
def test_shapes_of_cose_messages(arguments, check):
    assert handmade(*arguments).check == check


@given(st.sampled_from([11, 12]), st.binary(max_size=80))
def test_any_bytes_as_a_security_block_raise_nothing_else(kind, data):
    bundle = msgspec.structs.replace(bare(), blocks=(Block(kind, 3, data, 1), *bare().blocks))
    judged = judge(bundle, ALL, KEYS, "acceptor")
    assert judged.bundle is None
    with contextlib.suppress(RemoteProtocolError):
        assert write_asb(read_asb(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("9f01ff"),
        b"\x98\x41" + bytes(65),
        b"\x81\x01\x01\x00\x82\x02\x82\x02\x01\x9b" + b"\xff" * 8,
        b"\x81\x01\x03\x01\x82\x02\x82\x02\x01\x81\x82\x05\xbb" + b"\xff" * 8,
        b"\x81\x01\x01\x01\x82\x02\x82\x02\x01\x98\x20",
    ],
)
def test_bombs_are_refused_at_their_head(data):
    with pytest.raises(RemoteProtocolError):
        read_asb(data)


def test_depth_is_bounded():
    with pytest.raises(RemoteProtocolError, match="depth"):
        items.read_whole(b"\x81" * 60 + b"\x00")


@given(CBOR)
def test_items_are_read_as_another_library_wrote_them(value):
    try:
        read = items.read_whole(cbor2.dumps(value))
    except RemoteProtocolError as refused:
        read = refused.check
    assert read in (value, "depth")


# Properties ---------------------------------------------------------------------------------------------------------

DATA_ = st.binary(max_size=300)
PLAINS = st.builds(
    lambda payload, extensions, flags, sequence: msgspec.structs.replace(
        bare(payload),
        sequence=sequence,
        blocks=(
            *(Block(200 + index, index + 2, data, flags) for index, data in enumerate(extensions)),
            Block(1, 1, payload),
        ),
    ),
    DATA_,
    st.lists(DATA_, max_size=3),
    st.sampled_from([0, 1, 2]),
    st.integers(0, 2**40),
)
RFC_SCOPES = st.integers(0, 7)
COSE_SCOPES = st.none() | st.dictionaries(st.sampled_from([0, -1, -2]), st.just(1)) | st.just({0: 1, 1: 1, -2: 1})


def some_targets(data, bundle: Bundle, least: int) -> tuple[int, ...]:
    numbers = [number for number in (0, *(block.number for block in bundle.blocks)) if number >= least]
    return tuple(data.draw(st.lists(st.sampled_from(numbers), min_size=1, unique=True)))


@given(st.data(), PLAINS, RFC_SCOPES, st.sampled_from([5, 6, 7]), COSE_SCOPES, st.booleans())
def test_what_is_signed_verifies_and_a_change_in_scope_is_caught(data, plain, scope, variant, cose_scope, shared):
    targets = some_targets(data, plain, 0)
    if shared:
        made = sign_hmac(plain, targets, SECRET, NODE, variant=variant, scope=scope)
    else:
        made = sign_cose(plain, targets, SIGNER, NODE, scope=cose_scope)
    seen = examine(decode(encode(made)), KEYS)
    assert [finding.status for finding in seen.findings] == ["good"] * len(targets)
    assert accepted(seen) == plain
    target = data.draw(st.sampled_from(targets))
    if target == 0:
        changed = msgspec.structs.replace(made, lifetime_ms=made.lifetime_ms + 1)
    else:
        addition = data.draw(st.binary(min_size=1, max_size=3))
        blocks = tuple(
            msgspec.structs.replace(block, data=block.data + addition) if block.number == target else block
            for block in made.blocks
        )
        changed = msgspec.structs.replace(made, blocks=blocks)
    findings = {finding.target: finding.status for finding in examine(changed, KEYS).findings}
    assert findings[target] == "failed"
    bound = scope & 1 if shared else 0 in (cose_scope if cose_scope is not None else {0: 1})
    if target == 0 and bound:
        assert set(findings.values()) == {"failed"}


@given(st.data(), PLAINS, RFC_SCOPES, COSE_SCOPES, st.booleans())
def test_what_is_sealed_opens_to_the_same_and_a_change_in_scope_is_caught(data, plain, scope, cose_scope, one):
    if one:
        targets = some_targets(data, plain, 1)[:1]
        made = seal_gcm(plain, targets, SECRET, NODE, bytes(12), scope=scope)
    else:
        targets = some_targets(data, plain, 1)
        ivs = tuple(bytes(11) + bytes([number]) for number in range(len(targets)))
        made = seal_cose(plain, targets, SECRET, NODE, b"", ivs, scope=cose_scope)
    for target in targets:
        clear = next(block.data for block in plain.blocks if block.number == target)
        assert len(clear) < 8 or clear not in find_block(made, target).data
    seen = examine(decode(encode(made)), KEYS)
    assert [finding.status for finding in seen.findings] == ["good"] * len(targets)
    assert accepted(seen) == plain
    bound = scope & 1 if one else 0 in (cose_scope if cose_scope is not None else {0: 1})
    moved = examine(msgspec.structs.replace(made, sequence=made.sequence + 1), KEYS)
    assert {finding.status for finding in moved.findings} == {"failed" if bound else "good"}
    other = examine(made, Keyring({("cipher", "alpha", b""): bytes(32)}))
    assert {finding.status for finding in other.findings} == {"failed"}
    assert other.opened == made


@given(PLAINS, PLAINS)
def test_a_signature_does_not_move_to_another_bundle(plain, other):
    assume(plain.payload != other.payload or plain.sequence != other.sequence)
    assume(len(plain.blocks) == len(other.blocks))
    made = sign_cose(plain, (1,), SIGNER, NODE)
    moved = msgspec.structs.replace(other, blocks=(made.blocks[0], *other.blocks))
    assert [finding.status for finding in examine(moved, KEYS).findings] == ["failed"]
