"""BIB-HMAC-SHA2, RFC 9173 3: integrity between those who share a key."""

from __future__ import annotations

from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.hmac import HMAC

from orbitalcloud.core.errors import LocalProtocolError, RemoteProtocolError
from orbitalcloud.network import cbor
from orbitalcloud.network.bundle import BLOCK_INTEGRITY, Block, Bundle
from orbitalcloud.network.crc import CRC32C
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.security.asb import (
    BIB_HMAC_SHA2,
    EVERYTHING,
    SecurityBlock,
    Value,
    find_block,
    new_block,
    primary_bytes,
    scope_bytes,
    with_security,
)
from orbitalcloud.network.security.keys import LEAST_KEY, Keys, need, unwrap
from orbitalcloud.network.security.rules import check_bib_targets

SHA_VARIANT, WRAPPED_KEY, SCOPE = 1, 2, 3
"""Parameters (RFC 9173 3.3)."""
MAC_RESULT = 1
HMAC_256, HMAC_384, HMAC_512 = 5, 6, 7
"""SHA variants, by their COSE algorithm numbers (RFC 9173 3.3.1)."""
HASHES: dict[int, type[hashes.HashAlgorithm]] = {
    HMAC_256: hashes.SHA256,
    HMAC_384: hashes.SHA384,
    HMAC_512: hashes.SHA512,
}
MAC_BYTES = {HMAC_256: 32, HMAC_384: 48, HMAC_512: 64}


def sign_hmac(
    bundle: Bundle,
    targets: tuple[int, ...],
    key: bytes,
    source: Eid,
    *,
    variant: int = HMAC_384,
    scope: int = EVERYTHING,
    wrapped_key: bytes = b"",
    number: int | None = None,
    crc: int = CRC32C,
) -> Bundle:
    """The bundle with a BIB over the blocks numbered `targets` (0: the primary block).

    `wrapped_key` is `key` wrapped for the verifier (AES-KW), where the key is this bundle's alone.
    """
    if variant not in HASHES or len(key) < LEAST_KEY:
        raise LocalProtocolError(f"HMAC variant {variant} with a key of {len(key)} bytes")
    check_bib_targets(bundle, targets)
    block = new_block(bundle, BLOCK_INTEGRITY, number, 0, crc)
    parameters: list[tuple[int, Value]] = [(SHA_VARIANT, variant)]
    if wrapped_key:
        parameters.append((WRAPPED_KEY, wrapped_key))
    parameters.append((SCOPE, scope))
    results = tuple(((MAC_RESULT, mac(variant, key, ippt(bundle, scope, target, block))),) for target in targets)
    return with_security(bundle, block, SecurityBlock(targets, BIB_HMAC_SHA2, source, tuple(parameters), results))


def verify_hmac(bundle: Bundle, block: Block, asb: SecurityBlock, index: int, keys: Keys) -> None:
    """Check the operation on target `index`; `RemoteProtocolError` unless it is good."""
    asb.only_parameters(SHA_VARIANT, WRAPPED_KEY, SCOPE)
    variant = asb.number(SHA_VARIANT, HMAC_384)
    expected = asb.result(index, MAC_RESULT)
    if variant not in HASHES:
        raise RemoteProtocolError("asb-parameter", f"SHA variant {variant} is none of 5, 6, 7")
    wrapped = asb.octets(WRAPPED_KEY)
    key = unwrap(need(keys, "wrap", asb.source), wrapped) if wrapped else need(keys, "mac", asb.source)
    text = ippt(bundle, asb.number(SCOPE, EVERYTHING), asb.targets[index], block)
    if not constant_time.bytes_eq(mac(variant, key, text), expected):
        raise RemoteProtocolError("security-failed", f"the HMAC of block {asb.targets[index]} is another")


def ippt(bundle: Bundle, scope: int, target: int, block: Block) -> bytes:
    """The integrity-protected plaintext (RFC 9173 3.7): scope, then the target as a byte string, the primary too."""
    data = find_block(bundle, target).data if target else primary_bytes(bundle)
    return scope_bytes(bundle, scope, target, block) + cbor.byte_string(data)


def mac(variant: int, key: bytes, text: bytes) -> bytes:
    """HMAC-SHA2 in full length."""
    made = HMAC(key, HASHES[variant]())
    made.update(text)
    return made.finalize()
