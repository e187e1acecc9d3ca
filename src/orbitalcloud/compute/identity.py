"""Ed25519 keys (RFC 8032): a satellite's name in receipts. Private keys are 32 raw bytes that the node keeps."""

from __future__ import annotations

import hashlib

from orbitalcloud.core.errors import DataError


def signing_key(entropy: bytes) -> bytes:
    """The private key born from 32 bytes of entropy, apart from any other key made from the same bytes."""
    assert len(entropy) == 32, "a key needs 32 bytes of entropy"
    return hashlib.blake2b(entropy, digest_size=32, person=b"orbital-ed25519").digest()


def public_key(private: bytes) -> str:
    """The public key of `private` as 64 hex digits."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()


def sign(private: bytes, message: bytes) -> bytes:
    """The 64-byte signature of `message`; the same every time, as Ed25519 draws no randomness."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def verify(public: str, signature: bytes, message: bytes) -> bool:
    """True if `public` signed `message`; `DataError` if `public` is not a key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    except ValueError:
        raise DataError("public key", public, "write the 32 bytes of an Ed25519 key as 64 hex digits") from None
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
