"""BPSec against bytes that others made: RFC 9173, HDTN, the COSE context's draft, BSL's requirement tests."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from network import cases_network
from orbitalcloud.core import LocalProtocolError, RemoteProtocolError
from orbitalcloud.network import decode, encode, parse_eid
from orbitalcloud.network.security import (
    Credentials,
    Demand,
    Keyring,
    Nonces,
    Policy,
    Protection,
    accepted,
    examine,
    judge,
    mac_cose,
    protect,
    read_asb,
    seal_cose,
    seal_gcm,
    sign_cose,
    sign_hmac,
    write_asb,
)
from orbitalcloud.network.security.asb import without_block

rfc9173_keys, hdtn_keys, cose_keys = cases_network.rfc9173_keys, cases_network.hdtn_keys, cases_network.cose_keys

DATA = Path(__file__).parents[1] / "data" / "network"
RFC = json.loads((DATA / "rfc9173-appendix-a.json").read_text())["examples"]
HDTN = json.loads((DATA / "hdtn-live-bpsec.json").read_text())["cases"]
COSE = json.loads((DATA / "bpsec-cose-context.json").read_text())
COSE_A2 = json.loads((DATA / "bpsec-cose-draft16-a2.json").read_text())
BSL = json.loads((DATA / "bsl-requirements.json").read_text())
SOURCE = parse_eid("ipn:2.1")
IV = b"Twelve121212"

hexed = bytes.fromhex


def statuses(seen) -> list[str]:
    return [finding.status for finding in seen.findings]


# RFC 9173 -----------------------------------------------------------------------------------------------------------


def make_a1(bundle, example):
    return sign_hmac(bundle, (1,), hexed(example["bib_key"]), SOURCE, variant=7, scope=0, crc=0)


def make_a2(bundle, example):
    cek, wrapped = hexed(example["cek"]), hexed(example["wrapped_key"])
    return seal_gcm(bundle, (1,), cek, SOURCE, IV, scope=0, wrapped_key=wrapped, crc=0)


def make_a3(bundle, example):
    signer = parse_eid("ipn:3.0")
    bundle = sign_hmac(bundle, (0, 2), hexed(example["bib_key"]), signer, variant=5, scope=0, crc=0)
    return seal_gcm(bundle, (1,), hexed(example["bcb_key"]), SOURCE, IV, scope=0, crc=0)


def make_a4(bundle, example):
    bundle = sign_hmac(bundle, (1,), hexed(example["bib_key"]), SOURCE, variant=6, scope=7, number=3, crc=0)
    return seal_gcm(bundle, (3, 1), hexed(example["bcb_key"]), SOURCE, IV, scope=7, number=2, share_iv=True, crc=0)


EXAMPLES = list(zip(RFC, (make_a1, make_a2, make_a3, make_a4), strict=True))


@pytest.mark.parametrize(("example", "make"), EXAMPLES, ids=["A.1", "A.2", "A.3", "A.4"])
def test_rfc_9173_appendix_a_both_ways(example, make):
    assert encode(make(decode(hexed(example["original"])), example)).hex() == example["final"]
    seen = examine(decode(hexed(example["final"])), rfc9173_keys(example))
    assert set(statuses(seen)) == {"good"}
    assert encode(accepted(seen)).hex() == example["original"]


def test_one_iv_for_two_targets_is_refused_unless_asked_for():
    bundle = decode(hexed(RFC[2]["original"]))
    with pytest.raises(LocalProtocolError, match="one IV"):
        seal_gcm(bundle, (1, 2), bytes(32), SOURCE, IV)


@pytest.mark.parametrize("path", sorted((DATA / "bpsec-asb").iterdir()), ids=lambda path: path.stem)
def test_abstract_security_blocks_are_written_as_they_are_read(path):
    data = path.read_bytes()
    assert write_asb(read_asb(data)) == data
    for end in range(len(data)):
        with pytest.raises(RemoteProtocolError):
            read_asb(data[:end])
    with pytest.raises(RemoteProtocolError, match="trailing"):
        read_asb(data + b"\0")


# HDTN ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", HDTN, ids=lambda case: case["policy"])
def test_bundles_that_hdtn_sent(case):
    keys = hdtn_keys(case)
    bundle = decode(hexed(case["bundle"]))
    policy = Policy(
        (Demand(block=1, signed="int" in case["policy"], sealed="con" in case["policy"], otherwise="drop"),)
    )
    judged = judge(bundle, policy, keys, "acceptor")
    assert judged.why.ok, judged.why
    assert judged.bundle is not None
    assert [block.type for block in judged.bundle.blocks] == [10, 1]
    wrong = Keyring({key: bytes(32) for key in keys.entries})
    assert judge(bundle, policy, wrong, "acceptor").bundle is None


# COSE context -------------------------------------------------------------------------------------------------------


SECURED = [name for name in COSE["bundles"] if "WITH" in name]


@pytest.mark.parametrize("name", SECURED)
def test_cose_examples_are_good(name):
    """MAC0, MAC with AES-KW, Encrypt0, Encrypt with AES-KW and with HKDF, additional headers, wider scope."""
    plain = b"hello" if name.startswith("CCSDS") else b"\x65hello"
    seen = examine(decode(hexed(COSE["bundles"][name]["hex"])), cose_keys())
    assert statuses(seen) == ["good"]
    assert seen.opened.payload == plain


def test_a_public_key_verifies_the_drafts_signature():
    bundle = decode(hexed(COSE_A2["hex"]))
    assert statuses(examine(bundle, cose_keys())) == ["good"]
    flipped = bytearray(hexed(COSE_A2["hex"]))
    flipped[-60] ^= 1
    assert statuses(examine(decode(bytes(flipped)), cose_keys())) == ["failed"]


def test_an_example_that_is_no_bundle():
    """EXAMPLE_A_EMPTY_PAYLOAD says CRC-32C and has no CRC field; it is an input of BSL's, not one of the draft."""
    with pytest.raises(RemoteProtocolError, match="block-length"):
        decode(hexed(COSE["bundles"]["EXAMPLE_A_EMPTY_PAYLOAD"]["hex"]))


def test_cose_examples_made_here_byte_for_byte():
    bundle, source = decode(hexed(COSE["bundles"]["EXAMPLE_A_NO_SEC"]["hex"])), parse_eid("dtn://src/")
    scope = {0: 1, -1: 1}
    key = hexed(COSE["keys"]["ExampleA.1"]["-1"])
    made = mac_cose(bundle, (1,), key, source, b"ExampleA.1", scope=scope, crc=0)
    assert encode(made).hex() == COSE["bundles"]["EXAMPLE_A_1_WITH_BIB"]["hex"]
    key, base = (hexed(COSE["keys"]["ExampleA.4"][label]) for label in ("-1", "5"))
    iv = hexed("6f3093eba5d85143c3dc484a")
    made = seal_cose(bundle, (1,), key, source, b"ExampleA.4", (iv,), base_iv=base, scope=scope, crc=0)
    assert encode(made).hex() == COSE["bundles"]["EXAMPLE_A_4_WITH_BCB"]["hex"]
    wide = decode(hexed(COSE["bundles"]["EXAMPLE_A_11_NO_SEC"]["hex"]))
    key = hexed(COSE["keys"]["ExampleA.1"]["-1"])
    made = mac_cose(wide, (2,), key, source, b"ExampleA.1", scope={0: 1, 1: 3, -1: 1}, crc=0)
    assert encode(made).hex() == COSE["bundles"]["EXAMPLE_A_11_WITH_BIB"]["hex"]


def test_a_stranger_with_cbor2_and_the_public_key_verifies_our_signature():
    """Everything signed is rebuilt from the wire by another CBOR library, after the draft's text."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    bundle = decode(hexed(COSE["bundles"]["EXAMPLE_A_NO_SEC"]["hex"]))
    wire = encode(sign_cose(bundle, (1, 0), key, parse_eid("dtn://src/"), b"me"))
    primary, bib, payload = cbor2.loads(wire)
    targets, context, flags, source, results = [cbor2.loads(part) for part in _sequence(bib[4])]
    assert (targets, context, flags) == ([1, 0], 3, 0)
    public = Ed25519PublicKey.from_public_bytes(key.public_key().public_bytes_raw())
    for target, ((kind, message),) in zip(targets, results, strict=True):
        protected, unprotected, detached, signature = cbor2.loads(message)
        assert (kind, cbor2.loads(protected), unprotected, detached) == (18, {1: -19}, {4: b"me"}, None)
        block = [cbor2.dumps(value) for value in payload[:3]] if target else [cbor2.dumps(primary)]
        scope = cbor2.dumps({0: 1, -1: 1, -2: 1})
        aad = [cbor2.dumps(source), scope, cbor2.dumps(primary), *block, *(cbor2.dumps(v) for v in bib[:3]), b"\x40"]
        signed = payload[4] if target else cbor2.dumps(primary)
        public.verify(signature, cbor2.dumps(["Signature1", protected, b"".join(aad), signed]))


def _sequence(data: bytes) -> list[bytes]:
    parts = []
    while data:
        value = cbor2.CBORDecoder(io.BytesIO(data)).decode()
        size = len(cbor2.dumps(value))
        parts.append(data[:size])
        data = data[size:]
    return parts


# BSL ----------------------------------------------------------------------------------------------------------------

BSL_KEYS = {key["kid"]: base64.b64decode(key["k"]) for key in BSL["keys"]["keys"]}
RING = Keyring(
    {
        ("mac", "ipn:2", b""): BSL_KEYS["9100"],
        ("cipher", "ipn:2", b""): BSL_KEYS["9102"],
        ("wrap", "ipn:2", b""): BSL_KEYS["9103"],
    }
)
TOLERANT = Policy(strict=False)


def bsl_sign(bundle):
    targets = (2,) if bundle.block(192) else (1,)
    return sign_hmac(bundle, targets, BSL_KEYS["9100"], SOURCE, variant=7, scope=0, crc=0)


def bsl_seal(bundle):
    wrapped = hexed(RFC[1]["wrapped_key"])
    return seal_gcm(bundle, (1,), BSL_KEYS["9102"], SOURCE, IV, scope=0, wrapped_key=wrapped, crc=0)


def bsl_protect_extension(bundle):
    policy = Policy(protections=(Protection(192, "hmac"),))
    return protect(bundle, policy, Credentials(SOURCE, mac_key=BSL_KEYS["9100"]), Nonces(b"test"))


def bsl_verify(bundle):
    return judge(bundle, TOLERANT, RING, "verifier").bundle


def bsl_accept(bundle):
    return judge(bundle, TOLERANT, RING, "acceptor").bundle


def bsl_ignore(bundle):
    return judge(bundle, Policy(), Keyring({}), "verifier").bundle


BSL_ACTIONS = {
    **dict.fromkeys(["03", "12", "14b", "24", "26", "27a", "29", "43b", "47"], bsl_sign),
    **dict.fromkeys(["27b", "28", "49"], bsl_seal),
    **dict.fromkeys(["13", "14c", "19", "37", "44", "45", "BCB_verifier"], bsl_verify),
    **dict.fromkeys(["02", "07", "14d", "23", "33", "38", "48"], bsl_accept),
    "14a": bsl_ignore,
    "43a": bsl_protect_extension,
}


@pytest.mark.parametrize("case", [c for c in BSL["cases"] if c["test"] != "test_BSL_17"], ids=lambda case: case["test"])
def test_bsl_requirements(case):
    """28 of the 29 pairs; "ERR" means that the bundle is deleted. The order of security blocks is nobody's business."""
    action = BSL_ACTIONS[case["test"].removeprefix("test_BSL_").removeprefix("test_")]
    made = action(decode(hexed(case["input"])))
    if case["out_format"] == "ERR":
        assert made is None
    else:
        expected = decode(hexed(case["expected"]))
        assert sorted(made.blocks, key=lambda b: b.number) == sorted(expected.blocks, key=lambda b: b.number)


def test_bsl_17_differs():
    """BSL removes a target whose HMAC fails and leaves its BIB pointing at nothing; we remove the BIB with it."""
    (case,) = [case for case in BSL["cases"] if case["test"] == "test_BSL_17"]
    bundle = decode(hexed(case["input"]))
    judged = judge(bundle, Policy((Demand(block=7, otherwise="strip"),)), RING, "verifier")
    assert judged.bundle == without_block(decode(hexed(case["expected"])), 3)
    assert [why.rule for why in judged.whys] == ["security-failed"]
    with pytest.raises(RemoteProtocolError, match="not in the bundle"):
        examine(decode(hexed(case["expected"])), RING)


@pytest.mark.parametrize("name", ["02", "23"])
def test_an_open_bib_beside_a_sealed_target_is_refused_when_strict(name):
    (case,) = [case for case in BSL["cases"] if case["test"] == f"test_BSL_{name}"]
    judged = judge(decode(hexed(case["input"])), Policy(), RING, "acceptor")
    assert (judged.bundle, judged.why.rule, judged.reason) == (None, "security-conflict", 16)
