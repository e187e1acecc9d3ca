"""A node's names follow from its key; the vectors are the did:key method's, the curve is computed here by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import DataError
from orbitalcloud.network import endpoint, identity, parse_eid

# W3C CCG did-method-key, test vectors of Ed25519: the seeds are 0, 1 and 2 as 32 bytes, the last two keys are the
# specification's own examples (publicKeyBase58 of the first three stands in its documents).
SEEDS = {
    0: ("z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS"),
    1: ("z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG", "6ASf5EcmmEHTgDJ4X4ZT5vT6iHVJBXPg5AN5YoTCpGWt"),
    2: ("z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf", "8pM1DN3RiT8vbom5u1sNryaNT1nyL8CTTW3b5PwWXRBH"),
}
EXAMPLES = ("z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH")

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


@pytest.mark.parametrize("seed", SEEDS)
def test_the_did_key_vectors(seed: int) -> None:
    name, bare = SEEDS[seed]
    public = identity.public_of(seed.to_bytes(32, "big"))
    assert identity.key_name(public) == name
    assert identity.base58(public) == bare
    assert identity.did_key(public) == f"did:key:{name}"
    assert identity.read_did_key(f"did:key:{name}") == public
    assert identity.key_eid(public, "notices").text == f"dtn://{name}/notices"


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_specifications_examples_read_back(name: str) -> None:
    public = identity.read_did_key(f"did:key:{name}")
    assert identity.key_name(public) == name
    assert identity.eid_key(parse_eid(f"dtn://{name}/inbox")) == public


@pytest.mark.parametrize(
    "text",
    [
        "did:key:zTjsVPtY",  # w3c-ccg/did-key-test-suite: too small for an Ed25519 key
        "did:key:z6MkA9MEcFWsoUVqj2zX6LACFaikLQ28i9WAsJnURDS3HLGKSkUbwUbiLH22ohgZ2BwgpQ6qC3VBTNV3pLhYDTVgR",  # too long
        "did:key:z6LShLeXRTzevtwcfehaGEzCMyL3bNsAeKCwcqwJxyCo63yE",  # an X25519 key
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",  # secp256k1
        "did:web:example.org",
        "did:key:" + EXAMPLES[0].replace("h", "0", 1),
        "did:key:" + EXAMPLES[0].swapcase(),
        "did:key:",
        "did:key:z" + "1" * 47,
    ],
)
def test_what_is_no_ed25519_key_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        identity.read_did_key(text)


# https://datatracker.ietf.org/doc/html/draft-msporny-base58-03#section-5
BASE58 = {
    b"Hello World!": "2NEpo7TZRRrLZSi2U",
    b"The quick brown fox jumps over the lazy dog.": ("USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"),
    bytes.fromhex("0000287fb4cd"): "11233QC4",
}


@pytest.mark.parametrize("data", BASE58)
def test_base58_vectors(data: bytes) -> None:
    assert identity.base58(data) == BASE58[data]
    assert identity.read_base58(BASE58[data]) == data


@given(st.binary(max_size=80))
def test_base58_there_and_back(data: bytes) -> None:
    assert identity.read_base58(identity.base58(data)) == data


def test_base58_is_bounded() -> None:
    with pytest.raises(DataError, match="at most 128"):
        identity.read_base58("z" * 1_000_000)


# Keys that are nobody's ---------------------------------------------------------------------------------------------


def _add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    """Twisted Edwards addition, a = −1 (RFC 8032 5.1.4, in affine form)."""
    (x1, y1), (x2, y2) = one, two
    t = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def _point(y: int) -> tuple[int, int]:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0, "on the curve"
    return x, y


def test_the_low_order_points_are_low_and_all() -> None:
    ys = identity._LOW_ORDER
    points = set()
    for y in ys:
        x, _ = _point(y)
        points |= {(x, y), (-x % P, y)}
    assert len(points) == 8, "the curve's cofactor is 8 (RFC 7748 4.1): the 8-torsion has eight points"
    for point in points:
        doubled = point
        for _ in range(3):
            doubled = _add(doubled, doubled)
        assert doubled == (0, 1)


@pytest.mark.parametrize("sign_bit", [0, 1])
@pytest.mark.parametrize("y", [*sorted(identity._LOW_ORDER), P, P + 1, P + 5, 2**255 - 1])
def test_a_key_of_small_order_or_in_a_second_encoding_is_none(y: int, sign_bit: int) -> None:
    data = (y | sign_bit << 255).to_bytes(32, "little")
    with pytest.raises(DataError, match="small order"):
        identity.check_key(data)
    # With A of order 1, R = B·s verifies for whatever message: OpenSSL takes it, we do not.
    assert not identity.verify(data, b"orbital-test", b"any", bytes(64))


def test_a_signature_made_without_a_private_key_passes_openssl_and_not_us() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    neutral = (1).to_bytes(32, "little")  # the point (0, 1)
    forged = neutral + bytes(32)  # R neutral, s = 0
    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"orbital-test\0any message at all")
    assert not identity.verify(neutral, b"orbital-test", b"any message at all", forged)


# Signatures, aliases, petnames --------------------------------------------------------------------------------------

PRIVATE = bytes(range(32))
PUBLIC = identity.public_of(PRIVATE)


def test_a_signature_is_for_one_domain() -> None:
    signature = identity.sign(PRIVATE, b"orbital-a", b"text")
    assert identity.verify(PUBLIC, b"orbital-a", b"text", signature)
    assert not identity.verify(PUBLIC, b"orbital-b", b"text", signature)
    assert not identity.verify(PUBLIC, b"orbital-a", b"texts", signature)
    assert not identity.verify(PUBLIC, b"orbital-a", b"text", signature[:-1])
    assert not identity.verify(identity.public_of(bytes(32)), b"orbital-a", b"text", signature)


@given(st.binary(min_size=32, max_size=32))
def test_an_alias_is_in_the_private_range(private: bytes) -> None:
    public = identity.public_of(private)
    assert 1 <= identity.ipn_alias(public) <= 2**14 - 1
    eid = identity.ipn_alias_eid(public, 7)
    assert eid.node == f"ipn:{identity.ipn_alias(public)}"
    assert eid.service == "7"


def test_two_keys_with_one_alias_are_named_and_another_attempt_parts_them() -> None:
    seen: dict[int, bytes] = {}
    keys = (identity.public_of(number.to_bytes(32, "big")) for number in range(2_000))
    pair = next((seen[alias], key) for key in keys if seen.setdefault(alias := identity.ipn_alias(key), key) != key)
    with pytest.raises(DataError) as caught:
        identity.ipn_aliases(pair)
    assert all(
        identity.key_name(key) in str(caught.value) or identity.key_name(key)[:20] in str(caught.value) for key in pair
    )
    assert set(identity.ipn_aliases(pair, {pair[0]: 1}).values()) == set(pair)


def test_petnames_bind_one_name_to_one_key() -> None:
    other = identity.public_of(bytes(32))
    names = identity.Petnames({"genesis-1": PUBLIC})
    names.add("genesis-1", PUBLIC)
    assert names.key("genesis-1") == PUBLIC
    assert names.name(PUBLIC) == "genesis-1"
    assert names.name(other) == identity.key_name(other)
    assert names.key(identity.key_name(other)) == other
    assert names.key("nobody") is None
    for name, key in (("genesis-1", other), ("second", PUBLIC), (identity.key_name(other), other), ("a/b", other)):
        with pytest.raises(DataError):
            names.add(name, key)
    names.forget("genesis-1")
    names.forget("genesis-1")
    names.add("genesis-1", other)
    assert list(names) == ["genesis-1"]


def test_an_endpoint_that_is_no_key() -> None:
    assert identity.eid_key(endpoint("genesis-1")) is None
    assert identity.eid_key(parse_eid("ipn:5.1")) is None
    assert identity.eid_key(endpoint("z" * 48)) is None
