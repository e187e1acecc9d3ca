"""How a node's secrets lie in its store: sealed under device keys that the store does not hold (`ethereum.sealing`).

A board has a small key store apart from its disk. It holds one key a slot; erasing a slot's key is what makes a wipe
final, whatever copies of the disk there are.
"""

from __future__ import annotations

from collections.abc import Mapping

from orbitalcloud.core import DataError, Seed
from orbitalcloud.ethereum.sealing import SALT_BYTES, seal, unseal

IDENTITY, WALLET = "identity", "wallet"
NETWORK = "network"
"""Among the device keys: what all nodes of a mission share where bundles are sealed. Nothing is saved under it."""
SLOTS = (IDENTITY, WALLET)
"""The slots of a board's key store; each is also the name under which its secret is saved."""


def sealed(secret: bytes, slot: str, device_keys: Mapping[str, bytes], entropy: bytes) -> bytes:
    """`secret` as it is saved under `slot`; its salt is of this boot's entropy, so a slot is sealed once a boot."""
    return seal(secret, _key(slot, device_keys), slot, Seed(entropy).child(f"salt {slot}").bytes(SALT_BYTES))


def opened(saved: bytes, slot: str, device_keys: Mapping[str, bytes]) -> bytes:
    """What was saved under `slot`; `DataError`, which shows none of it, if it cannot be opened."""
    return unseal(saved, _key(slot, device_keys), slot)


def _key(slot: str, device_keys: Mapping[str, bytes]) -> bytes:
    if slot not in device_keys:
        raise DataError(f"device key of {slot}", "none", "it was erased, or this board never had one")
    return device_keys[slot]
