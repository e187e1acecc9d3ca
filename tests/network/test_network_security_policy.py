"""Which security blocks may stand together, and what a policy makes of a bundle."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orbitalcloud.core import DataError, LocalProtocolError, RemoteProtocolError
from orbitalcloud.network import Block, Bundle, decode, encode, parse_eid
from orbitalcloud.network.bundle import DISCARD_UNPROCESSED, IS_FRAGMENT, REPLICATE
from orbitalcloud.network.fragment import may_fragment
from orbitalcloud.network.security import (
    Credentials,
    Demand,
    Keyring,
    Nonces,
    Policy,
    Protection,
    SecurityBlock,
    examine,
    judge,
    protect,
    read_asb,
    seal_cose,
    seal_gcm,
    sign_cose,
    sign_hmac,
    write_asb,
)
from orbitalcloud.network.security.cose import IV, read_message

NODE, OTHER = parse_eid("dtn://alpha/"), parse_eid("dtn://mallory/")
SIGNER, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2))
SECRET = bytes(range(32))
KEYS = Keyring(
    {
        ("verify", "alpha", b""): SIGNER.public_key().public_bytes_raw(),
        ("verify", "mallory", b""): STRANGER.public_key().public_bytes_raw(),
        ("mac", "alpha", b""): SECRET,
        ("cipher", "alpha", b""): SECRET,
        ("cipher", "alpha", b"shared"): SECRET,
    }
)
OPEN_KEYS = Keyring({key: value for key, value in KEYS.entries.items() if key[0] == "verify"})
OWN = Credentials(NODE, SIGNER, mac_key=SECRET, cipher_key=SECRET, cipher_kid=b"shared")
PLAIN = Bundle(
    parse_eid("dtn://beta/jobs"),
    parse_eid("dtn://alpha/jobs"),
    800_000_000_000,
    3,
    60_000,
    (Block(192, 2, b"extension"), Block(193, 3, b"another"), Block(1, 1, b"payload")),
)


def iv(number: int) -> bytes:
    return number.to_bytes(12, "big")


# RFC 9172 3.2, 3.7-3.9 ----------------------------------------------------------------------------------------------

SIGNED = sign_hmac(PLAIN, (1, 2), SECRET, NODE)
SEALED = seal_gcm(PLAIN, (1,), SECRET, NODE, iv(1))


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (lambda: sign_hmac(SIGNED, (1,), SECRET, NODE), "has a BIB already"),
        (lambda: sign_hmac(SIGNED, (4,), SECRET, NODE), "is a security block"),
        (lambda: sign_hmac(SEALED, (4,), SECRET, NODE), "is a security block"),
        (lambda: sign_hmac(SEALED, (1,), SECRET, NODE), "sign first"),
        (lambda: sign_hmac(PLAIN, (), SECRET, NODE), "has targets"),
        (lambda: sign_hmac(PLAIN, (1, 1), SECRET, NODE), "each once"),
        (lambda: sign_hmac(PLAIN, (9,), SECRET, NODE), "no block 9"),
        (lambda: sign_hmac(PLAIN, (1,), b"short", NODE), "key of 5 bytes"),
        (lambda: sign_hmac(PLAIN, (1,), SECRET, NODE, number=2), "no room"),
        (lambda: seal_gcm(PLAIN, (0,), SECRET, NODE, iv(1)), "never sealed"),
        (lambda: seal_gcm(SEALED, (4,), SECRET, NODE, iv(2)), "never sealed"),
        (lambda: seal_gcm(SEALED, (1,), SECRET, NODE, iv(2)), "sealed already"),
        (lambda: seal_gcm(SIGNED, (4,), SECRET, NODE, iv(1)), "together with its target"),
        (lambda: seal_gcm(SIGNED, (1,), SECRET, NODE, iv(1)), "signed by BIB 4"),
        (lambda: seal_cose(SIGNED, (1, 4), SECRET, NODE, b"", (iv(1), iv(2))), "signed by BIB 4"),
        (lambda: seal_cose(PLAIN, (1, 2), SECRET, NODE, b"", (iv(1), iv(1))), "IV of its own"),
        (lambda: seal_gcm(PLAIN, (1,), SECRET[:24], NODE, iv(1)), "key of 24"),
        (lambda: seal_gcm(PLAIN, (1,), SECRET, NODE, b"short"), "IV of 5"),
        (lambda: sign_cose(PLAIN, (1,), SIGNER, NODE, scope={9: 1}), "no block 9"),
        (lambda: sign_cose(PLAIN, (1,), SIGNER, NODE, scope={-1: 3}), "no context"),
        (lambda: sign_cose(PLAIN, (1,), SIGNER, NODE, scope={-3: 1}), "means nothing"),
    ],
)
def test_what_may_not_be_added(action, reason):
    with pytest.raises(LocalProtocolError, match=reason):
        action()


def test_fragments_are_not_secured_and_secured_bundles_may_be_cut():
    part = msgspec.structs.replace(PLAIN, flags=IS_FRAGMENT, offset=0, total_bytes=100)
    with pytest.raises(LocalProtocolError, match="fragment"):
        sign_hmac(part, (1,), SECRET, NODE)
    with pytest.raises(LocalProtocolError, match="reassemble"):
        judge(part, Policy(), KEYS, "acceptor")
    assert judge(part, Policy((Demand(signed=True, otherwise="drop"),)), KEYS, "verifier").bundle == part
    assert may_fragment(SIGNED), "RFC 9172 5.2: what is secured already may be cut by RFC 9171's rules"


def security(kind: int, number: int, *targets: int, flags: int = REPLICATE) -> Block:
    asb = SecurityBlock(targets, -5, NODE, (), (), 0, b"\x80")
    return Block(kind, number, write_asb(asb), flags)


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ([security(12, 4, 0)], "block 0"),
        ([security(12, 4, 5), security(12, 5, 1)], "block 5"),
        ([security(12, 4, 4)], "block 4"),
        ([security(12, 4, 1), security(12, 5, 1)], "twice"),
        ([security(12, 4, 1, flags=0)], "replicated"),
        ([security(12, 4, 2, flags=DISCARD_UNPROCESSED)], "discarded"),
        ([security(12, 4, 9)], "not in the bundle"),
        ([security(11, 4, 9)], "not in the bundle"),
        ([security(11, 4, 1), security(11, 5, 1, 2)], "twice"),
        ([security(11, 4, 1), security(11, 5, 4)], "security block as its target"),
        ([security(11, 4, 5), security(12, 5, 1)], "security block as its target"),
        ([security(11, 4, 1), security(12, 5, 1)], "not sealed"),
    ],
)
def test_what_may_not_come(blocks, reason):
    bundle = msgspec.structs.replace(PLAIN, blocks=(*blocks, *PLAIN.blocks))
    with pytest.raises(RemoteProtocolError, match=reason):
        examine(bundle, KEYS)
    judged = judge(decode(encode(bundle)), Policy(), KEYS, "verifier")
    assert (judged.bundle, judged.reason) == (None, 16)


def test_a_bib_sealed_without_its_target_is_found_once_open():
    """Made by hand: `seal_gcm` refuses to make it."""
    signed = sign_hmac(PLAIN, (2,), SECRET, NODE)
    bib = signed.blocks[0]
    hidden = msgspec.structs.replace(PLAIN, blocks=(Block(194, 4, bib.data), *PLAIN.blocks))
    sealed = seal_gcm(hidden, (4,), SECRET, NODE, iv(1), scope=0)
    back = tuple(msgspec.structs.replace(b, type=11) if b.number == 4 else b for b in sealed.blocks)
    with pytest.raises(RemoteProtocolError, match="none of its targets"):
        examine(msgspec.structs.replace(sealed, blocks=back), KEYS)


def test_an_unknown_context_is_left_alone():
    bundle = msgspec.structs.replace(PLAIN, blocks=(security(11, 4, 1), *PLAIN.blocks))
    assert [f.status for f in examine(bundle, KEYS).findings] == ["unknown"]
    assert judge(bundle, Policy(), KEYS, "acceptor").bundle == bundle
    wanted = judge(bundle, Policy((Demand(block=1, signed=True, otherwise="drop"),)), KEYS, "acceptor")
    assert (wanted.bundle, wanted.why.rule, wanted.reason) == (None, "security-unknown", 13)


# Policy -------------------------------------------------------------------------------------------------------------

EVERYTHING = Policy(
    demands=(
        Demand(block=1, signed=True, sealed=True, otherwise="drop"),
        Demand(block=0, signed=True, otherwise="drop"),
        Demand(block=192, signed=True, sealed=True, otherwise="strip"),
    ),
    protections=(Protection(0), Protection(1, "cose", "cose"), Protection(192, "hmac", "cose")),
)


def test_what_is_protected_is_accepted_and_comes_out_as_it_was():
    made = decode(encode(protect(PLAIN, EVERYTHING, OWN, Nonces(b"alph"))))
    assert b"payload" not in encode(made)
    assert b"extension" not in encode(made)
    judged = judge(made, EVERYTHING, KEYS, "acceptor")
    assert (judged.bundle, judged.whys) == (PLAIN, ())
    assert (judged.why.value, judged.why.limit) == (7, 7), judged.findings
    assert judge(made, EVERYTHING, OPEN_KEYS, "verifier").bundle == made
    shut = judge(made, EVERYTHING, OPEN_KEYS, "acceptor")
    assert (shut.bundle, shut.why.rule, shut.reason) == (None, "security-sealed", 13)


def test_every_iv_is_used_once():
    nonces, seen = Nonces(b"alph"), set()
    for sequence in range(20):
        made = protect(msgspec.structs.replace(PLAIN, sequence=sequence), EVERYTHING, OWN, nonces)
        for ((kind, message),) in read_asb(made.block(12).data).results:
            seen.add(read_message(kind, message, {}).headers[IV])
    assert nonces.counter == len(seen) == 20 * 4
    assert nonces.take() == b"alph" + (80).to_bytes(8, "big")
    with pytest.raises(LocalProtocolError, match="below"):
        Nonces(b"alph", 2**64)
    last = Nonces(b"alph", 2**64 - 1)
    last.take()
    with pytest.raises(LocalProtocolError, match="used up"):
        last.take()


@pytest.mark.parametrize("role", ["verifier", "acceptor"])
@pytest.mark.parametrize(
    ("demand", "outcome", "rule"),
    [
        (Demand(block=192), PLAIN.blocks, None),
        (Demand(block=192, signed=True), PLAIN.blocks, "security-missing"),
        (Demand(block=192, signed=True, otherwise="strip"), PLAIN.blocks[1:], "security-missing"),
        (Demand(block=192, signed=True, otherwise="drop"), None, "security-missing"),
        (Demand(block=192, sealed=True, otherwise="strip"), PLAIN.blocks[1:], "security-missing"),
        (Demand(block=0, signed=True, otherwise="drop"), None, "security-missing"),
        (Demand("alpha", 0, signed=True, otherwise="drop"), None, "security-missing"),
        (Demand("al*", 0, signed=True, otherwise="drop"), None, "security-missing"),
        (Demand("beta", 0, signed=True, otherwise="drop"), PLAIN.blocks, None),
        (Demand(signed=True, otherwise="drop"), None, "security-missing"),
    ],
)
def test_what_is_neither_signed_nor_sealed(role, demand, outcome, rule):
    judged = judge(PLAIN, Policy((demand,)), KEYS, role)
    assert (judged.bundle.blocks if judged.bundle else None) == outcome
    assert ({why.rule for why in judged.whys} or {None}) == {rule}
    assert judged.reason == (12 if outcome is None else 0)


def test_the_first_demand_that_covers_a_block_holds():
    policy = Policy((Demand("alpha", 192), Demand(block=192, signed=True, otherwise="strip")))
    assert judge(PLAIN, policy, KEYS, "verifier").bundle == PLAIN
    assert judge(msgspec.structs.replace(PLAIN, source=OTHER), policy, KEYS, "verifier").bundle.block(192) is None


DROP_UNSIGNED = Policy((Demand(block=1, signed=True, otherwise="drop"),))


def test_another_nodes_signature_is_not_the_sources():
    foreign = sign_cose(PLAIN, (1,), STRANGER, OTHER)
    assert judge(foreign, DROP_UNSIGNED, KEYS, "verifier").why.rule == "security-source"
    anyone = Policy((Demand(block=1, signed=True, otherwise="drop", by_source=False),))
    assert judge(foreign, anyone, KEYS, "verifier").bundle == foreign
    borrowed = sign_cose(PLAIN, (1,), STRANGER, NODE)
    assert judge(borrowed, Policy(), KEYS, "verifier").why.rule == "security-failed"


def test_a_context_that_does_not_count():
    only_cose = Policy((Demand(block=1, signed=True, otherwise="drop", contexts=(3,)),))
    shared = sign_hmac(PLAIN, (1,), SECRET, NODE)
    assert judge(shared, only_cose, KEYS, "verifier").why.rule == "security-context"
    assert judge(shared, DROP_UNSIGNED, KEYS, "verifier").bundle == shared
    assert judge(shared, DROP_UNSIGNED, OPEN_KEYS, "verifier").why.rule == "security-unknown"


def test_a_failed_operation_is_never_accepted():
    signed = sign_cose(PLAIN, (1, 2), SIGNER, NODE)
    other = (Block(192, 2, b"changed"), *[b for b in signed.blocks if b.number not in (1, 2)], signed.blocks[-1])
    changed = msgspec.structs.replace(signed, blocks=other)
    judged = judge(changed, Policy(), KEYS, "acceptor")
    assert (judged.bundle, judged.why.rule, judged.reason) == (None, "security-failed", 15)
    strip = Policy((Demand(block=192, otherwise="strip"), Demand(block=1, signed=True, otherwise="drop")))
    for role in ("verifier", "acceptor"):
        left = judge(changed, strip, KEYS, role).bundle
        assert left.block(192) is None
        again = judge(left, strip, KEYS, "verifier") if role == "verifier" else None
        assert again is None or again.bundle == left


def test_a_block_that_stays_sealed_is_stripped_where_the_bundle_ends():
    sealed = seal_gcm(PLAIN, (2,), SECRET, NODE, iv(1))
    assert judge(sealed, Policy(), OPEN_KEYS, "verifier").bundle == sealed
    ended = judge(sealed, Policy(), OPEN_KEYS, "acceptor")
    assert (ended.bundle.blocks, [why.rule for why in ended.whys]) == (PLAIN.blocks[1:], ["security-sealed"])


def test_a_verifier_that_cannot_take_a_sealed_bib_apart_drops():
    """The signature of the block to be stripped is inside a BIB that goes on sealed."""
    signed = sign_hmac(PLAIN, (1, 2), SECRET, NODE)
    sealed = seal_cose(signed, (1, 2, 4), SECRET, NODE, b"shared", (iv(1), iv(2), iv(3)))
    policy = Policy((Demand(block=192, signed=True, contexts=(3,), otherwise="strip"),))
    assert judge(sealed, policy, KEYS, "verifier").bundle is None
    assert judge(sealed, policy, KEYS, "acceptor").bundle.blocks == PLAIN.blocks[1:]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Demand(block=1, otherwise="strip"),
        lambda: Demand(otherwise="strip"),
        lambda: Demand(block=0, sealed=True),
        lambda: Protection(0, "cose", "cose"),
        lambda: Protection(10),
        lambda: Protection(11),
        lambda: Protection(1, "hmac", "gcm"),
        lambda: Keyring({("mac", "a", b""): b"short"}),
        lambda: Keyring({("mac", "", b""): SECRET}),
    ],
)
def test_policies_and_keys_that_make_no_sense(make):
    with pytest.raises(DataError):
        make()


def test_protection_needs_its_keys_and_a_bare_bundle():
    with pytest.raises(LocalProtocolError, match="no key to sign"):
        protect(PLAIN, EVERYTHING, Credentials(NODE), Nonces(b"alph"))
    with pytest.raises(LocalProtocolError, match="no shared key"):
        protect(PLAIN, EVERYTHING, Credentials(NODE, SIGNER), Nonces(b"alph"))
    with pytest.raises(LocalProtocolError, match="already"):
        protect(SIGNED, EVERYTHING, OWN, Nonces(b"alph"))
    assert "signing_key" not in repr(OWN)
    assert SECRET.hex() not in repr(KEYS)


def test_gcm_seals_each_block_apart():
    policy = Policy(protections=(Protection(1, "", "gcm"), Protection(192, "", "gcm")))
    made = protect(PLAIN, policy, OWN, Nonces(b"alph"))
    assert [block.type for block in made.blocks[:2]] == [12, 12]
    assert judge(made, policy, KEYS, "acceptor").bundle == PLAIN
    assert msgspec.json.decode(msgspec.json.encode(EVERYTHING), type=Policy) == EVERYTHING
