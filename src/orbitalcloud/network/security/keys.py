"""Keys by use, security source and key id: the only place where security asks whose key it is.

A verifier must not believe a key id alone: the key that is found for one node's security source is never tried for
another's, so a stranger's good signature under a borrowed source fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from orbitalcloud.core.errors import DataError, LocalProtocolError, RemoteProtocolError
from orbitalcloud.network.eid import Eid

Use = Literal["mac", "cipher", "iv", "wrap", "derive", "verify"]
"""HMAC key; AES-GCM key and its base IV; AES-KW and HKDF keys; public key (Ed25519: 32 bytes; P-384: 97, a point)."""

LEAST_KEY, MOST_KEY = 16, 64


class Keys(Protocol):
    """Where keys are found."""

    def find(self, use: Use, source: Eid, kid: bytes = b"") -> bytes | None:
        """The key for this use of the node of `source`, by key id where one was named; None if there is none."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys in memory: (use, node name, key id) → key. An entry with key id b"" answers where none was named."""

    entries: Mapping[tuple[Use, str, bytes], bytes] = field(repr=False)

    def __post_init__(self) -> None:
        for (use, node, _), key in self.entries.items():
            least, most = {"iv": (12, 12), "verify": (32, 97)}.get(use, (LEAST_KEY, MOST_KEY))
            if not node or not least <= len(key) <= most:
                raise DataError(f"key of {node or 'nobody'}", f"{len(key)} bytes", f"name a node; {least} to {most}")

    def find(self, use: Use, source: Eid, kid: bytes = b"") -> bytes | None:
        """See `Keys`."""
        return self.entries.get((use, source.node, kid))


def need(keys: Keys, use: Use, source: Eid, kid: bytes = b"") -> bytes:
    """The key; `RemoteProtocolError("security-key")` without one, which policy tells from a failure."""
    key = keys.find(use, source, kid)
    if key is None:
        name = f" and key id {kid.hex()}" if kid else ""
        raise RemoteProtocolError("security-key", f"no {use} key for {source}{name}")
    return key


def unwrap(kek: bytes, wrapped: bytes) -> bytes:
    """RFC 3394 unwrapping; `RemoteProtocolError` where it does not come out."""
    if not LEAST_KEY + 8 <= len(wrapped) <= MOST_KEY + 8:
        raise RemoteProtocolError("wrapped-key", f"{len(wrapped)} bytes")
    try:
        return aes_key_unwrap(kek, wrapped)
    except (InvalidUnwrap, ValueError):
        raise RemoteProtocolError("wrapped-key", "the wrapped key does not open") from None


class Nonces:
    """IVs that never repeat under a key: NIST SP 800-38D 8.2.1, a fixed field of 4 bytes, then a counter of 8.

    The caller keeps `counter` durably, ahead of its use: who restarts with an old one breaks AES-GCM. The fixed field
    tells apart the nodes (or boots) that share a key.
    """

    __slots__ = ("counter", "fixed")

    def __init__(self, fixed: bytes, counter: int = 0) -> None:
        if len(fixed) != 4 or not 0 <= counter < 2**64:
            raise LocalProtocolError("nonces: a fixed field of 4 bytes and a counter below 2^64")
        self.fixed, self.counter = fixed, counter

    def take(self) -> bytes:
        """The next IV of 12 bytes."""
        if self.counter >> 64:
            raise LocalProtocolError("nonces: the counter is used up, change the key")
        value = self.fixed + self.counter.to_bytes(8, "big")
        self.counter += 1
        return value
