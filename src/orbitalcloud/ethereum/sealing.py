"""Secrets at rest: sealed under a key that the store does not hold, and wiped by forgetting that key.

A satellite's board has a small key store apart from its disk (a secure element, or fuses); here it is a 32-byte device
key. What is saved is AES-256-GCM of the secret under a key derived (HKDF-SHA256) from the device key and a salt of its
own, bound to its name, so that a copy of the store alone opens nothing and one secret cannot stand for another.
Sources: NIST SP 800-38D (GCM), RFC 5869 (HKDF).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orbitalcloud.core import DataError

TAG = b"orbital-sealed-1"
SALT_BYTES = 32
MAX_SECRET_BYTES = 4096
_NONCE = bytes(12)  # a derived key seals once: its salt is new each time


def seal(secret: bytes, device_key: bytes, name: str, salt: bytes) -> bytes:
    """`secret` sealed for `name`; `salt` is 32 fresh bytes."""
    if len(salt) != SALT_BYTES or len(secret) > MAX_SECRET_BYTES:
        raise DataError("sealing", f"salt of {len(salt)}, secret of {len(secret)} bytes", "32, and at most 4096")
    return TAG + salt + AESGCM(_derived(device_key, salt)).encrypt(_NONCE, secret, _bound(name))


def unseal(sealed: bytes, device_key: bytes, name: str) -> bytes:
    """What was sealed; `DataError` (which shows none of it) if it was torn, is another's, or the device key is."""
    head = len(TAG) + SALT_BYTES
    if not sealed.startswith(TAG) or not head + 16 <= len(sealed) <= head + MAX_SECRET_BYTES + 16:
        raise DataError(f"sealed {name}", f"{len(sealed)} bytes", "restore a whole copy of the node's store")
    try:
        return AESGCM(_derived(device_key, sealed[len(TAG) : head])).decrypt(_NONCE, sealed[head:], _bound(name))
    except InvalidTag:
        remedy = "restore a whole copy of the node's store, on the board that sealed it"
        raise DataError(f"sealed {name}", f"{len(sealed)} bytes", remedy) from None


def _derived(device_key: bytes, salt: bytes) -> bytes:
    if len(device_key) != 32:
        raise DataError("device key", f"{len(device_key)} bytes", "give 32 bytes")
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=TAG).derive(device_key)


def _bound(name: str) -> bytes:
    return TAG + name.encode()
