"""BCB-AES-GCM, RFC 9173 4: only those who share a key can read.

An IV is used once under a key; it is an argument (see `Nonces`), for nothing here draws chance. RFC 9173 has one IV a
block, so that a BCB with two targets breaks that rule (the RFC's own example A.4 does): `seal_gcm` refuses unless told
`share_iv`. Seal each target in a block of its own, or use the COSE context, whose IVs belong to the results.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orbitalcloud.core.errors import LocalProtocolError, RemoteProtocolError
from orbitalcloud.network.bundle import BLOCK_CONFIDENTIALITY, REPLICATE, Block, Bundle
from orbitalcloud.network.crc import CRC32C
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.security.asb import (
    BCB_AES_GCM,
    EVERYTHING,
    SecurityBlock,
    Value,
    find_block,
    new_block,
    scope_bytes,
    with_data,
    with_security,
)
from orbitalcloud.network.security.keys import Keys, need, unwrap
from orbitalcloud.network.security.rules import check_bcb_targets

IV, AES_VARIANT, WRAPPED_KEY, SCOPE = 1, 2, 3, 4
"""Parameters (RFC 9173 4.3)."""
TAG_RESULT = 1
A128GCM, A256GCM = 1, 3
KEY_BYTES = {A128GCM: 16, A256GCM: 32}
TAG_BYTES = 16
IV_LEAST, IV_MOST = 8, 16
"""RFC 9173 4.3.1; 12 is what it recommends."""


def seal_gcm(
    bundle: Bundle,
    targets: tuple[int, ...],
    key: bytes,
    source: Eid,
    iv: bytes,
    *,
    scope: int = EVERYTHING,
    wrapped_key: bytes = b"",
    share_iv: bool = False,
    number: int | None = None,
    crc: int = CRC32C,
) -> Bundle:
    """The bundle with the blocks numbered `targets` encrypted, and the BCB that says so."""
    variants = {size: variant for variant, size in KEY_BYTES.items()}
    if len(key) not in variants or not IV_LEAST <= len(iv) <= IV_MOST:
        raise LocalProtocolError(f"AES-GCM with a key of {len(key)} and an IV of {len(iv)} bytes")
    if len(targets) != 1 and not share_iv:
        raise LocalProtocolError("one IV for several targets breaks AES-GCM: give each target its own BCB")
    check_bcb_targets(bundle, targets)
    block = new_block(bundle, BLOCK_CONFIDENTIALITY, number, REPLICATE, crc)
    parameters: list[tuple[int, Value]] = [(IV, iv), (AES_VARIANT, variants[len(key)])]
    if wrapped_key:
        parameters.append((WRAPPED_KEY, wrapped_key))
    parameters.append((SCOPE, scope))
    results, sealed, cipher = [], bundle, AESGCM(key)
    for target in targets:
        aad = scope_bytes(bundle, scope, target, block)
        data = cipher.encrypt(iv, find_block(bundle, target).data, aad)
        sealed = with_data(sealed, target, data[:-TAG_BYTES])
        results.append(((TAG_RESULT, data[-TAG_BYTES:]),))
    asb = SecurityBlock(targets, BCB_AES_GCM, source, tuple(parameters), tuple(results))
    return with_security(sealed, block, asb)


def open_gcm(bundle: Bundle, block: Block, asb: SecurityBlock, index: int, keys: Keys) -> bytes:
    """The plain data of target `index`; `RemoteProtocolError` unless its tag is good.

    Without a result the tag stands at the end of the target's data (RFC 9173 4.4).
    """
    asb.only_parameters(IV, AES_VARIANT, WRAPPED_KEY, SCOPE)
    iv, variant = asb.octets(IV), asb.number(AES_VARIANT, A256GCM)
    if not IV_LEAST <= len(iv) <= IV_MOST:
        raise RemoteProtocolError("asb-parameter", f"an IV of {len(iv)} bytes; 8 to 16 are allowed")
    if variant not in KEY_BYTES:
        raise RemoteProtocolError("asb-parameter", f"AES variant {variant} is none of 1, 3")
    tag = asb.result(index, TAG_RESULT) if asb.results[index] else b""
    if len(tag) not in (0, TAG_BYTES):
        raise RemoteProtocolError("asb-result", f"a tag of {len(tag)} bytes")
    wrapped, target = asb.octets(WRAPPED_KEY), asb.targets[index]
    key = unwrap(need(keys, "wrap", asb.source), wrapped) if wrapped else need(keys, "cipher", asb.source)
    aad = scope_bytes(bundle, asb.number(SCOPE, EVERYTHING), target, block)
    return decrypt(KEY_BYTES[variant], key, iv, find_block(bundle, target).data + tag, aad)


def decrypt(key_bytes: int, key: bytes, iv: bytes, data: bytes, aad: bytes) -> bytes:
    """AES-GCM with the tag at the end of `data`; `RemoteProtocolError` unless the tag is good."""
    if len(key) != key_bytes:
        raise RemoteProtocolError("security-failed", f"a key of {len(key)} bytes where {key_bytes} are needed")
    try:
        return AESGCM(key).decrypt(iv, data, aad)
    except InvalidTag:
        raise RemoteProtocolError("security-failed", "the tag is another") from None
