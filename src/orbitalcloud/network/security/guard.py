"""A node's guard: its policy, its keys and its own signature, as the bundle agent asks for them.

What is known when the node is built (policy, everybody's public keys) stands here as data; the private key is handed
over when the node has it (`unlock`), and is in no pickle. Where public keys come from is the business of `Keys`: in a
flight they follow from the seed and are known at build; a node that learns of others as it goes brings its own.

What a source's signature covers: the payload, the primary block and the priority block, in one signature. Not covered:
the blocks that each hop changes (previous node, hop count, age). A relay can lie in those, and no more than delay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orbitalcloud.network.bundle import PAYLOAD, Bundle
from orbitalcloud.network.eid import Eid, endpoint
from orbitalcloud.network.security.asb import COSE
from orbitalcloud.network.security.keys import Keys, Nonces, Use
from orbitalcloud.network.security.policy import Demand, Judgement, Policy, Protection, judge
from orbitalcloud.network.security.protect import Credentials, protect

Level = Literal["none", "signed", "sealed"]


def policy_of(own: Level, rules: tuple[tuple[str, Level], ...]) -> Policy:
    """What a node that secures its bundles to `own` demands of others: (source pattern, level), first match."""
    demands = tuple(
        Demand(source, PAYLOAD, True, level == "sealed", "drop", (COSE,), by_source=True, binds_primary=True)
        if level != "none"
        else Demand(source, PAYLOAD)
        for source, level in rules
    )
    protections = () if own == "none" else (Protection(PAYLOAD, "cose", "cose" if own == "sealed" else ""),)
    return Policy(demands, protections)


@dataclass(slots=True)
class NodeKeys:
    """Everybody's public key by node name, and, where bundles are sealed, the secret that the nodes share.

    Each source seals under a key of its own made from that secret, so that no two nodes can use one IV under one key.
    """

    public: Mapping[str, bytes] = field(repr=False)
    shared: bytes = field(repr=False, default=b"")

    def find(self, use: Use, source: Eid, kid: bytes = b"") -> bytes | None:
        """See `Keys`."""
        if kid:
            return None
        if use == "verify":
            return self.public.get(source.node)
        if use == "cipher" and self.shared:
            return self.cipher_key(source.node)
        return None

    def cipher_key(self, node: str) -> bytes:
        """The AES-256 key that this node seals with: keyed BLAKE2b of its name."""
        return hashlib.blake2b(node.encode(), key=self.shared, digest_size=32, person=b"orbital seal").digest()

    def __getstate__(self) -> tuple[Mapping[str, bytes], bytes]:
        """Without the shared secret."""
        return self.public, b""

    def __setstate__(self, state: tuple[Mapping[str, bytes], bytes]) -> None:
        self.public, self.shared = state


class Guard:
    """Signs what this node makes, judges what comes. `on_the_way`: relays judge too, not only where a bundle ends."""

    __slots__ = ("_nonces", "_own", "keys", "name", "on_the_way", "policy")

    def __init__(self, name: str, policy: Policy, keys: Keys, on_the_way: bool = True) -> None:
        self.name, self.policy, self.keys, self.on_the_way = name, policy, keys, on_the_way
        self._own: Credentials | None = None
        self._nonces = Nonces(bytes(4))

    def unlock(self, private: bytes, boot: int | None = None) -> None:
        """The node's Ed25519 private key; `boot` (at a start) begins a new row of IVs, None goes on with the old."""
        cipher = self.keys.find("cipher", endpoint(self.name)) or b""
        key = Ed25519PrivateKey.from_private_bytes(private)
        self._own = Credentials(endpoint(self.name), key, cipher_key=cipher)
        if boot is not None:
            self._nonces = Nonces(boot.to_bytes(4, "big"))

    def protected(self, bundle: Bundle) -> Bundle:
        """A bundle made here as it leaves; as it is before the node has its key, or where nothing is to be secured."""
        if self._own is None or not self.policy.protections:
            return bundle
        return protect(bundle, self.policy, self._own, self._nonces)

    def judged(self, bundle: Bundle, ends_here: bool) -> Judgement:
        """What became of a bundle that came."""
        return judge(bundle, self.policy, self.keys, "acceptor" if ends_here else "verifier")

    def __getstate__(self) -> tuple[str, Policy, Keys, bool, bytes, int]:
        """Without the private key; the count of used IVs stays."""
        return self.name, self.policy, self.keys, self.on_the_way, self._nonces.fixed, self._nonces.counter

    def __setstate__(self, state: tuple[str, Policy, Keys, bool, bytes, int]) -> None:
        self.name, self.policy, self.keys, self.on_the_way, fixed, counter = state
        self._own, self._nonces = None, Nonces(fixed, counter)
