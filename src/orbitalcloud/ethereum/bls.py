"""BLS12-381 signatures as Ethereum uses them: keys in G1, signatures in G2, proof-of-possession scheme.

The curve arithmetic is `py-arkworks-bls12381`. It accepts the point at infinity as a public key and more than one
encoding of infinity, so every point from outside passes the guard here first: the flags and the field elements of the
one canonical encoding (ZCash serialisation), then curve and subgroup by the library, and never infinity as a key.

Source: draft-irtf-cfrg-bls-signature-05; RFC 9380 (hash to curve); consensus-specs, specs/altair/bls.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from py_arkworks_bls12381 import GT, G1Point, G2Point

from orbitalcloud.core import RemoteProtocolError

DST = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
FIELD_MODULUS = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
G2_INFINITY = b"\xc0" + bytes(95)

_G1_GENERATOR_NEGATED = -G1Point()
_G1_ZERO = G1Point.identity()
_COMPRESSED, _INFINITY, _SIGN = 0x80, 0x40, 0x20


def _canonical(data: bytes, size: int) -> bool:
    """True if `data` is a canonical compressed encoding by its flags and field elements; tells nothing of the curve."""
    if len(data) != size or not data[0] & _COMPRESSED:
        return False
    if data[0] & _INFINITY:
        return data[0] == _COMPRESSED | _INFINITY and not any(data[1:])
    first = bytes([data[0] & 0x1F]) + data[1:48]
    elements = (first, data[48:96]) if size == 96 else (first,)
    return all(int.from_bytes(element, "big") < FIELD_MODULUS for element in elements)


def public_key(data: bytes) -> G1Point:
    """A key from its 48 bytes; `RemoteProtocolError('bls-key')` unless canonical, finite and in the subgroup."""
    if not _canonical(data, 48) or data[0] & _INFINITY:
        raise RemoteProtocolError("bls-key", "not a canonical encoding of a finite point")
    try:
        return G1Point.from_compressed_bytes(data)
    except ValueError as error:
        raise RemoteProtocolError("bls-key", str(error)) from None


def signature(data: bytes) -> G2Point:
    """A signature from its 96 bytes, infinity included; `RemoteProtocolError('bls-signature')` if not a point of G2."""
    if not _canonical(data, 96):
        raise RemoteProtocolError("bls-signature", "not a canonical encoding")
    try:
        return G2Point.from_compressed_bytes(data)
    except ValueError as error:
        raise RemoteProtocolError("bls-signature", str(error)) from None


def total(points: Iterable[G1Point]) -> G1Point:
    """The sum of keys that passed `public_key`."""
    result = _G1_ZERO
    for point in points:
        result = result + point
    return result


def is_infinity(point: G1Point) -> bool:
    """True for the neutral element, which is nobody's key."""
    return bool(point == _G1_ZERO)


def verify_point(key: G1Point, message: bytes, signed: bytes) -> bool:
    """Whether `signed` is the signature of `message` under a key that was checked (or is a sum of checked ones)."""
    if is_infinity(key):
        return False
    try:
        point = signature(signed)
    except RemoteProtocolError:
        return False
    hashed = G2Point.hash_to_curve(message, DST)
    return bool(GT.pairing_check([key, _G1_GENERATOR_NEGATED], [hashed, point]))


def verify(key: bytes, message: bytes, signed: bytes) -> bool:
    """The draft's Verify."""
    return fast_aggregate_verify((key,), message, signed)


def fast_aggregate_verify(keys: Sequence[bytes], message: bytes, signed: bytes) -> bool:
    """The draft's FastAggregateVerify: many keys, one message. No keys: False."""
    if not keys:
        return False
    try:
        points = [public_key(key) for key in keys]
    except RemoteProtocolError:
        return False
    return verify_point(total(points), message, signed)


def eth_fast_aggregate_verify(keys: Sequence[bytes], message: bytes, signed: bytes) -> bool:
    """Altair's variant: nobody signing with the infinity signature is valid."""
    return (not keys and signed == G2_INFINITY) or fast_aggregate_verify(keys, message, signed)


def aggregate_verify(keys: Sequence[bytes], messages: Sequence[bytes], signed: bytes) -> bool:
    """The draft's AggregateVerify: the i-th key signed the i-th message."""
    if not keys or len(keys) != len(messages):
        return False
    try:
        points = [public_key(key) for key in keys]
        point = signature(signed)
    except RemoteProtocolError:
        return False
    hashes = [G2Point.hash_to_curve(message, DST) for message in messages]
    return bool(GT.pairing_check([*points, _G1_GENERATOR_NEGATED], [*hashes, point]))


def aggregate(signatures: Sequence[bytes]) -> bytes:
    """The sum of at least one signature; `RemoteProtocolError` if there is none or one is no point of G2."""
    if not signatures:
        raise RemoteProtocolError("bls-signature", "nothing to aggregate")
    result = G2Point.identity()
    for each in signatures:
        result = result + signature(each)
    return bytes(result.to_compressed_bytes())
