"""The COSE context of BPSec: draft-ietf-dtn-bpsec-cose-16 (3 June 2026, a draft; bare section numbers are its).

A signature with a private key that anybody checks with the public one: COSE_Sign1 with Ed25519 (RFC 9864, algorithm
-19) is what this project makes, so that strangers verify without a shared secret. It is outside the draft's minimum for
interoperation (3.2), where ESP384 is inside: that is verified, as is EdDSA, Ed25519's old number. Of the symmetric
messages COSE_Mac0 and COSE_Encrypt0 are made; COSE_Mac and COSE_Encrypt with AES-KW, direct or HKDF recipients are
read. Payloads are detached; structures are those of RFC 9052. Certificates are not read: keys come from `Keys`, by
security source and key id.
"""

from __future__ import annotations

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orbitalcloud.core.errors import LocalProtocolError, RemoteProtocolError
from orbitalcloud.network import cbor
from orbitalcloud.network.bundle import BLOCK_CONFIDENTIALITY, BLOCK_INTEGRITY, REPLICATE, Block, Bundle
from orbitalcloud.network.crc import CRC32C
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.security import item
from orbitalcloud.network.security.asb import (
    COSE,
    COSE_SCOPE,
    SecurityBlock,
    find_block,
    header_bytes,
    new_block,
    primary_bytes,
    with_data,
    with_security,
)
from orbitalcloud.network.security.confidentiality import decrypt
from orbitalcloud.network.security.integrity import HASHES, HMAC_384, MAC_BYTES, mac
from orbitalcloud.network.security.keys import LEAST_KEY, Keys, need, unwrap
from orbitalcloud.network.security.rules import check_bcb_targets, check_bib_targets

ADDITIONAL_PROTECTED, ADDITIONAL_UNPROTECTED = 3, 4
ENCRYPT0, MAC0, SIGN1, ENCRYPT, MAC = 16, 17, 18, 96, 97
"""Result ids are COSE's message tags (2.3); 98, COSE_Sign, is not read."""
ALG, CRIT, KID, IV, PARTIAL_IV, SALT = 1, 2, 4, 5, 6, -20
ED25519, EDDSA, ESP384 = -19, -8, -51
AES_GCM = {1: 16, 2: 24, 3: 32}
AES_KW = {-3: 16, -4: 24, -5: 32}
DIRECT = -6
HKDFS: dict[int, type[hashes.HashAlgorithm]] = {-10: hashes.SHA256, -11: hashes.SHA512}
PARTIES = frozenset(range(-26, -20))
"""Headers of the KDF context's parties (RFC 9053 5.2), which the draft leaves null."""
IV_BYTES = 12
MAX_RECIPIENTS = 10

ON_TARGET, ON_CONTAINER = -1, -2
METADATA, BTSD = 0x01, 0x02
DEFAULT_SCOPE = {0: METADATA, ON_TARGET: METADATA, ON_CONTAINER: METADATA}
"""Primary block, target's header, security block's header (2.2): what is bound where no scope is given."""

Headers = dict[int, item.Item]


class Message(msgspec.Struct, frozen=True):
    """A COSE message of one target: the layer's protected bytes, its headers merged, and what else it has."""

    protected: bytes
    headers: Headers
    tag: bytes
    recipients: tuple[Message, ...] = ()


# Making -------------------------------------------------------------------------------------------------------------


def sign_cose(
    bundle: Bundle,
    targets: tuple[int, ...],
    key: Ed25519PrivateKey,
    source: Eid,
    kid: bytes = b"",
    *,
    scope: dict[int, int] | None = None,
    number: int | None = None,
    crc: int = CRC32C,
) -> Bundle:
    """The bundle with a BIB of one Ed25519 signature a target; without `kid` the source alone names the key."""
    make = _Making(bundle, BLOCK_INTEGRITY, targets, source, scope, number, crc)
    protected = item.write_map({ALG: item.integer(ED25519)})
    for target in targets:
        text = _structure("Signature1", protected, make.aad(target), content(bundle, target))
        make.add(SIGN1, protected, _kid(kid), key.sign(text))
    return make.finish(bundle)


def mac_cose(
    bundle: Bundle,
    targets: tuple[int, ...],
    key: bytes,
    source: Eid,
    kid: bytes,
    *,
    algorithm: int = HMAC_384,
    scope: dict[int, int] | None = None,
    number: int | None = None,
    crc: int = CRC32C,
) -> Bundle:
    """The bundle with a BIB of one COSE_Mac0 a target; the key is as long as the hash (3.2.2)."""
    if algorithm not in HASHES or len(key) != MAC_BYTES[algorithm]:
        raise LocalProtocolError(f"HMAC algorithm {algorithm} with a key of {len(key)} bytes")
    make = _Making(bundle, BLOCK_INTEGRITY, targets, source, scope, number, crc)
    protected = item.write_map({ALG: item.integer(algorithm)})
    for target in targets:
        text = _structure("MAC0", protected, make.aad(target), content(bundle, target))
        make.add(MAC0, protected, _kid(kid), mac(algorithm, key, text))
    return make.finish(bundle)


def seal_cose(
    bundle: Bundle,
    targets: tuple[int, ...],
    key: bytes,
    source: Eid,
    kid: bytes,
    ivs: tuple[bytes, ...],
    *,
    base_iv: bytes = b"",
    scope: dict[int, int] | None = None,
    number: int | None = None,
    crc: int = CRC32C,
) -> Bundle:
    """The bundle with the targets encrypted, one COSE_Encrypt0 and one IV of `ivs` each, all different.

    With `base_iv` (of the key) only the part in which an IV differs from it is sent (RFC 9052 3.1).
    """
    algorithm = next((number for number, size in AES_GCM.items() if size == len(key)), None)
    if algorithm is None or any(len(iv) != IV_BYTES for iv in ivs):
        raise LocalProtocolError(f"AES-GCM with a key of {len(key)} bytes; IVs have {IV_BYTES}")
    if len(ivs) != len(targets) or len(set(ivs)) != len(ivs):
        raise LocalProtocolError("every target needs an IV of its own")
    make = _Making(bundle, BLOCK_CONFIDENTIALITY, targets, source, scope, number, crc)
    protected, sealed, cipher = item.write_map({ALG: item.integer(algorithm)}), bundle, AESGCM(key)
    for target, iv in zip(targets, ivs, strict=True):
        text = _structure("Encrypt0", protected, make.aad(target))
        sealed = with_data(sealed, target, cipher.encrypt(iv, find_block(bundle, target).data, text))
        part = bytes(a ^ b for a, b in zip(iv, base_iv, strict=True)).lstrip(b"\0") if base_iv else b""
        named = {PARTIAL_IV: cbor.byte_string(part)} if base_iv else {IV: cbor.byte_string(iv)}
        make.add(ENCRYPT0, protected, _kid(kid) | named, None)
    return make.finish(sealed)


class _Making:
    """A security block while its results are being made."""

    def __init__(
        self,
        bundle: Bundle,
        kind: int,
        targets: tuple[int, ...],
        source: Eid,
        scope: dict[int, int] | None,
        number: int | None,
        crc: int,
    ) -> None:
        (check_bib_targets if kind == BLOCK_INTEGRITY else check_bcb_targets)(bundle, targets)
        flags = REPLICATE if kind == BLOCK_CONFIDENTIALITY else 0
        self.bundle, self.block = bundle, new_block(bundle, kind, number, flags, crc)
        parameters = ((COSE_SCOPE, scope),) if scope is not None else ()
        self.asb = SecurityBlock(targets, COSE, source, parameters, (), 1 if parameters else 0)
        self.results: list[tuple[tuple[int, bytes], ...]] = []

    def aad(self, target: int) -> bytes:
        try:
            return external_aad(self.bundle, self.block, self.asb, target)
        except RemoteProtocolError as error:
            raise LocalProtocolError(f"AAD scope: {error}") from None

    def add(self, kind: int, protected: bytes, unprotected: dict[int, bytes], tag: bytes | None) -> None:
        body = (b"\x83" if tag is None else b"\x84") + cbor.byte_string(protected) + item.write_map(unprotected)
        body += item.NULL + (b"" if tag is None else cbor.byte_string(tag))
        self.results.append(((kind, body),))

    def finish(self, bundle: Bundle) -> Bundle:
        return with_security(bundle, self.block, msgspec.structs.replace(self.asb, results=tuple(self.results)))


def _kid(kid: bytes) -> dict[int, bytes]:
    return {KID: cbor.byte_string(kid)} if kid else {}


# What is covered ----------------------------------------------------------------------------------------------------


def content(bundle: Bundle, target: int) -> bytes:
    """The detached payload of a message: the target's data, or the encoded primary block (2.3.1)."""
    return find_block(bundle, target).data if target else primary_bytes(bundle)


def external_aad(bundle: Bundle, block: Block, asb: SecurityBlock, target: int) -> bytes:
    """The external AAD (2.5.1): source, scope, what the scope names, additional protected headers."""
    scope = asb.scope_map(COSE_SCOPE, DEFAULT_SCOPE)
    parts = [asb.source.encoded, item.write_scope(scope)]
    for key in [*sorted(key for key in scope if key >= 0), *sorted((key for key in scope if key < 0), reverse=True)]:
        parts.append(_covered(bundle, block, target, key, scope[key]))
    parts.append(cbor.byte_string(asb.octets(ADDITIONAL_PROTECTED)))
    return b"".join(parts)


def _covered(bundle: Bundle, block: Block, target: int, key: int, flags: int) -> bytes:
    special = {ON_TARGET: target, ON_CONTAINER: block.number}
    number = special.get(key, key)
    if number < 0 or not flags & (METADATA | BTSD):
        raise RemoteProtocolError("aad-scope", f"{key}: {flags} means nothing")
    if number == 0:
        return primary_bytes(bundle) if flags & METADATA else b""
    if number in special.values() and flags & BTSD:
        raise RemoteProtocolError("aad-scope", f"{key}: the data of target and security block are no context")
    named = block if number == block.number else find_block(bundle, number)
    parts = header_bytes(named) if flags & METADATA else b""
    return parts + (cbor.byte_string(named.data) if flags & BTSD else b"")


def _structure(context: str, protected: bytes, aad: bytes, payload: bytes | None = None) -> bytes:
    """RFC 9052's Sig_structure, MAC_structure and, without a payload, Enc_structure."""
    parts = cbor.text_string(context) + cbor.byte_string(protected) + cbor.byte_string(aad)
    return b"\x83" + parts if payload is None else b"\x84" + parts + cbor.byte_string(payload)


# Reading ------------------------------------------------------------------------------------------------------------


def read_message(kind: int, data: bytes, additional: Headers) -> Message:
    """The message of result id `kind`; `additional` are the headers that all results of the block share (2.2.1)."""
    fields = item.read_whole(data)
    layers = kind in (ENCRYPT, MAC)
    size = 3 + (kind not in (ENCRYPT0, ENCRYPT)) + layers
    if not isinstance(fields, list) or len(fields) != size or fields[2] is not None:
        raise RemoteProtocolError("cose", f"message {kind} is an array of {size} with a detached payload")
    tag = fields[3] if kind in (MAC0, SIGN1, MAC) else b""
    if not isinstance(tag, bytes):
        raise RemoteProtocolError("cose", f"message {kind} has no signature or tag")
    recipients = _read_recipients(fields[-1], additional) if layers else ()
    return _layer(fields[0], fields[1], tag, {} if layers else additional, recipients)


def _read_recipients(found: item.Item, additional: Headers) -> tuple[Message, ...]:
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_RECIPIENTS:
        raise RemoteProtocolError("cose", f"1 to {MAX_RECIPIENTS} recipients are taken")
    recipients = []
    for fields in found:
        if not isinstance(fields, list) or len(fields) != 3 or not isinstance(fields[2], bytes):
            raise RemoteProtocolError("cose", "a recipient is an array of 3 with a wrapped key")
        recipients.append(_layer(fields[0], fields[1], fields[2], additional))
    return tuple(recipients)


def _layer(
    protected: item.Item,
    unprotected: item.Item,
    tag: bytes,
    additional: Headers,
    recipients: tuple[Message, ...] = (),
) -> Message:
    if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
        raise RemoteProtocolError("cose", "headers are a byte string and a map")
    sealed = read_headers(protected)
    if not sealed.keys().isdisjoint(unprotected):
        raise RemoteProtocolError("cose", "a header stands twice")
    critical = sealed.get(CRIT, [])
    if CRIT in unprotected or not isinstance(critical, list) or any(x not in (ALG, KID, IV) for x in critical):
        raise RemoteProtocolError("cose", "a critical header is not understood here")
    return Message(protected, {**additional, **unprotected, **sealed}, tag, recipients)


def read_headers(data: bytes) -> Headers:
    """A serialised header map; no bytes are no headers."""
    found = item.read_whole(data) if data else {}
    if not isinstance(found, dict):
        raise RemoteProtocolError("cose", "protected headers are a map")
    return found


def _message(asb: SecurityBlock, index: int, *kinds: int) -> tuple[int, Message]:
    asb.only_parameters(ADDITIONAL_PROTECTED, ADDITIONAL_UNPROTECTED, COSE_SCOPE)
    results = asb.results[index]
    if len(results) != 1 or results[0][0] not in kinds:
        raise RemoteProtocolError("asb-result", f"target {asb.targets[index]} has not one result of {kinds}")
    shared, open_ = (read_headers(asb.octets(key)) for key in (ADDITIONAL_PROTECTED, ADDITIONAL_UNPROTECTED))
    if not shared.keys().isdisjoint(open_):
        raise RemoteProtocolError("cose", "the additional headers share a label")
    kind, data = results[0]
    message = read_message(kind, data, {**open_, **shared})
    if ALG not in read_headers(message.protected):
        raise RemoteProtocolError("cose-algorithm", "the algorithm is not among the protected headers (3.1)")
    return kind, message


# Checking -----------------------------------------------------------------------------------------------------------


def verify_cose(bundle: Bundle, block: Block, asb: SecurityBlock, index: int, keys: Keys) -> None:
    """Check the signature or MAC of target `index`; `RemoteProtocolError` unless it is good."""
    kind, message = _message(asb, index, SIGN1, MAC0, MAC)
    target, name = asb.targets[index], {SIGN1: "Signature1", MAC0: "MAC0", MAC: "MAC"}[kind]
    aad = external_aad(bundle, block, asb, target)
    text = _structure(name, message.protected, aad, content(bundle, target))
    algorithm = _algorithm(message)
    if kind == SIGN1:
        return _check_signature(algorithm, need(keys, "verify", asb.source, _text(message, KID)), message.tag, text)
    if algorithm not in HASHES:
        raise RemoteProtocolError("cose-algorithm", f"{algorithm} is no MAC known here")
    if kind == MAC0:
        key = need(keys, "mac", asb.source, _text(message, KID))
    else:
        key = _content_key(message, asb, keys, algorithm, MAC_BYTES[algorithm], "mac")
    if len(key) < LEAST_KEY or not constant_time.bytes_eq(mac(algorithm, key, text), message.tag):
        raise RemoteProtocolError("security-failed", f"the MAC of block {target} is another")


def open_cose(bundle: Bundle, block: Block, asb: SecurityBlock, index: int, keys: Keys) -> bytes:
    """The plain data of target `index`; `RemoteProtocolError` unless it is authentic."""
    kind, message = _message(asb, index, ENCRYPT0, ENCRYPT)
    target, algorithm = asb.targets[index], _algorithm(message)
    size = AES_GCM.get(algorithm)
    if size is None:
        raise RemoteProtocolError("cose-algorithm", f"{algorithm} is no authenticated cipher known here")
    name = "Encrypt0" if kind == ENCRYPT0 else "Encrypt"
    text = _structure(name, message.protected, external_aad(bundle, block, asb, target))
    kid = _text(message, KID)
    if kind == ENCRYPT0:
        key = need(keys, "cipher", asb.source, kid)
    else:
        key = _content_key(message, asb, keys, algorithm, size, "cipher")
    return decrypt(size, key, _iv(message, asb, keys, kid), find_block(bundle, target).data, text)


def _check_signature(algorithm: int, key: bytes, signature: bytes, text: bytes) -> None:
    try:
        if algorithm in (ED25519, EDDSA) and len(key) == 32:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
        elif algorithm == ESP384 and len(key) == 97:
            if len(signature) != 96:
                raise InvalidSignature
            pair = (int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big"))
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), key)
            public.verify(utils.encode_dss_signature(*pair), text, ec.ECDSA(hashes.SHA384()))
        else:
            raise RemoteProtocolError("cose-algorithm", f"{algorithm} does not go with a key of {len(key)} bytes")
    except (InvalidSignature, ValueError):
        raise RemoteProtocolError("security-failed", "the signature is another's or of something else") from None


def _content_key(message: Message, asb: SecurityBlock, keys: Keys, algorithm: int, size: int, use: str) -> bytes:
    """The key of the first recipient for whom we have one."""
    error: RemoteProtocolError | None = None
    for recipient in message.recipients:
        try:
            key = _recipient_key(recipient, asb, keys, algorithm, size, use)
        except RemoteProtocolError as refused:
            error = error if error and refused.check == "security-key" else refused
            continue
        if len(key) == size:
            return key
        error = RemoteProtocolError("security-failed", f"a content key of {len(key)} bytes, not {size}")
    assert error is not None, "there is a recipient"
    raise error


def _recipient_key(recipient: Message, asb: SecurityBlock, keys: Keys, algorithm: int, size: int, use: str) -> bytes:
    way, kid = _algorithm(recipient), _text(recipient, KID)
    if way in AES_KW:
        kek = need(keys, "wrap", asb.source, kid)
        if len(kek) != AES_KW[way] or recipient.protected:
            raise RemoteProtocolError("cose-algorithm", "AES-KW: the key's length, or a protected header")
        return unwrap(kek, recipient.tag)
    if way == DIRECT and not recipient.tag and not recipient.protected:
        return need(keys, "mac" if use == "mac" else "cipher", asb.source, kid)
    if way in HKDFS and not recipient.tag:
        salt = _text(recipient, SALT)
        if not salt or not PARTIES.isdisjoint(recipient.headers):
            raise RemoteProtocolError("cose", "HKDF has a salt, and no parties in its headers (3.3)")
        info = kdf_context(algorithm, size, recipient.protected, asb)
        return HKDF(HKDFS[way](), size, salt, info).derive(need(keys, "derive", asb.source, kid))
    raise RemoteProtocolError("cose-algorithm", f"recipient algorithm {way} is not known here")


def kdf_context(algorithm: int, size: int, protected: bytes, asb: SecurityBlock) -> bytes:
    """COSE_KDF_Context with the draft's public information (2.5.2)."""
    nobody = b"\x83" + 3 * item.NULL
    other = cbor.text_string("BPSec") + asb.source.encoded + cbor.byte_string(asb.octets(ADDITIONAL_PROTECTED))
    public = b"\x83" + cbor.unsigned(8 * size) + cbor.byte_string(protected) + cbor.byte_string(other)
    return b"\x84" + item.integer(algorithm) + nobody + nobody + public


def _iv(message: Message, asb: SecurityBlock, keys: Keys, kid: bytes) -> bytes:
    iv, part = _text(message, IV), _text(message, PARTIAL_IV)
    if part and not iv and len(part) <= IV_BYTES:
        base = need(keys, "iv", asb.source, kid)
        padded = part.rjust(IV_BYTES, b"\0")
        iv = bytes(a ^ b for a, b in zip(base, padded, strict=False))
    elif part:
        raise RemoteProtocolError("cose", "IV and partial IV together, or one too long")
    if len(iv) != IV_BYTES:
        raise RemoteProtocolError("cose", f"an IV of {len(iv)} bytes, not {IV_BYTES}")
    return iv


def _algorithm(message: Message) -> int:
    found = message.headers.get(ALG)
    if type(found) is not int:
        raise RemoteProtocolError("cose-algorithm", "no algorithm is named")
    return found


def _text(message: Message, label: int) -> bytes:
    found = message.headers.get(label, b"")
    if not isinstance(found, bytes):
        raise RemoteProtocolError("cose", f"header {label} is not a byte string")
    return found
