"""Keystore V3 files, sealed secrets and saved wallets. The bounds on cost are lowered, so that honest work is quick."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from orbitalcloud.core import DataError
from orbitalcloud.ethereum import keystore
from orbitalcloud.ethereum.sealing import seal, unseal
from orbitalcloud.ethereum.wallet import Wallet

_KEY, _DEVICE = (hashlib.sha256(name).digest() for name in (b"key", b"device"))  # no input says them by chance


def corpus() -> dict[str, bytes]:
    """Files as we write them, and one as geth does with PBKDF2."""
    ours = keystore.make_keystore(_KEY, "password", bytes(range(64)), 1024)
    other = ours.replace(b'"kdf": "scrypt"', b'"kdf": "pbkdf2"').replace(
        b'"n": 1024,\n      "r": 8,\n      "p": 1', b'"c": 100,\n      "prf": "hmac-sha256"'
    )
    wallet = Wallet.born(bytes(16)).to_bytes()
    return {"scrypt": ours, "pbkdf2": other, "wallet": wallet, "sealed": seal(wallet, _DEVICE, "wallet", bytes(32))}


@contextmanager
def _cheap() -> Iterator[None]:
    """Lower bounds on cost, for as long as a target runs."""
    names = ("MAX_SCRYPT_BYTES", "MAX_SCRYPT_LANES", "MAX_PBKDF2_ROUNDS")
    kept = [getattr(keystore, name) for name in names]
    for name, bound in zip(names, (2**20, 2, 1000), strict=True):
        setattr(keystore, name, bound)
    try:
        yield
    finally:
        for name, bound in zip(names, kept, strict=True):
            setattr(keystore, name, bound)


def target(data: bytes) -> None:
    """A file that opens has a key of 32 bytes."""
    with _cheap():
        _each(data)


def _each(data: bytes) -> None:
    for read in (_file, _saved, _sealed):
        try:
            read(data)
        except DataError as error:
            assert _KEY.hex() not in str(error)


def _file(data: bytes) -> None:
    assert len(keystore.open_keystore(data, "password")) == 32


def _saved(data: bytes) -> None:
    assert Wallet.from_bytes(data).to_bytes() == data


def _sealed(data: bytes) -> None:
    unseal(data, _DEVICE, "wallet")
