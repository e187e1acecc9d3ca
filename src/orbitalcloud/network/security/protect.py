"""Securing bundles made here, as a policy's protections ask."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orbitalcloud.core.errors import LocalProtocolError
from orbitalcloud.network.bundle import BLOCK_CONFIDENTIALITY, BLOCK_INTEGRITY, PRIORITY, Bundle
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.security.confidentiality import seal_gcm
from orbitalcloud.network.security.cose import BTSD, DEFAULT_SCOPE, METADATA, seal_cose, sign_cose
from orbitalcloud.network.security.integrity import sign_hmac
from orbitalcloud.network.security.keys import Nonces
from orbitalcloud.network.security.policy import PRIMARY_BLOCK, Policy, Protection


@dataclass(frozen=True, slots=True)
class Credentials:
    """A security source: its endpoint and what it signs and seals with (`mac_key`, `cipher_key`: shared ones)."""

    source: Eid
    signing_key: Ed25519PrivateKey | None = field(default=None, repr=False)
    kid: bytes = b""
    mac_key: bytes = field(default=b"", repr=False)
    cipher_key: bytes = field(default=b"", repr=False)
    cipher_kid: bytes = b""


def protect(bundle: Bundle, policy: Policy, own: Credentials, nonces: Nonces) -> Bundle:
    """The bundle with the policy's protections applied: all that stays open is signed, then the rest signed and sealed.

    What is signed and sealed is signed in a BIB of its own, which is sealed with it (RFC 9172 3.9).
    """
    wanted = [(number, _protection(policy, kind)) for number, kind in _blocks(bundle)]
    for sign in ("cose", "hmac"):
        bundle = _sign(bundle, [n for n, p in wanted if p and p.sign == sign and not p.seal], sign, own)
    before = {block.number for block in bundle.blocks}
    for sign in ("cose", "hmac"):
        bundle = _sign(bundle, [n for n, p in wanted if p and p.sign == sign and p.seal], sign, own)
    signatures = [block.number for block in bundle.blocks if block.number not in before]
    together = (*[n for n, p in wanted if p and p.seal == "cose"], *signatures)
    if together:
        ivs = tuple(nonces.take() for _ in together)
        bundle = seal_cose(bundle, together, _shared(own.cipher_key), own.source, own.cipher_kid, ivs)
    for number in [n for n, p in wanted if p and p.seal == "gcm"]:
        bundle = seal_gcm(bundle, (number,), _shared(own.cipher_key), own.source, nonces.take())
    return bundle


def _blocks(bundle: Bundle) -> list[tuple[int, int]]:
    if bundle.block(BLOCK_INTEGRITY) or bundle.block(BLOCK_CONFIDENTIALITY):
        raise LocalProtocolError(f"{bundle.id} has security blocks already")
    return [(0, PRIMARY_BLOCK), *((block.number, block.type) for block in bundle.blocks)]


def _protection(policy: Policy, kind: int) -> Protection | None:
    return next((protection for protection in policy.protections if protection.block == kind), None)


def _sign(bundle: Bundle, targets: list[int], sign: str, own: Credentials) -> Bundle:
    if not targets:
        return bundle
    if sign == "hmac":
        return sign_hmac(bundle, tuple(targets), _shared(own.mac_key), own.source)
    if own.signing_key is None:
        raise LocalProtocolError(f"{own.source} has no key to sign with")
    return sign_cose(bundle, tuple(targets), own.signing_key, own.source, own.kid, scope=_scope(bundle, targets))


def _scope(bundle: Bundle, targets: list[int]) -> dict[int, int] | None:
    """The default scope, and with it the priority block's content: who changes that changes the order of service."""
    block = bundle.block(PRIORITY)
    if block is None or block.number in targets:
        return None
    return {**DEFAULT_SCOPE, block.number: METADATA | BTSD}


def _shared(key: bytes) -> bytes:
    if not key:
        raise LocalProtocolError("no shared key is there to secure with")
    return key
