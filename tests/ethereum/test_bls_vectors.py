"""BLS against ethereum/bls12-381-tests and the consensus vectors: with the guard, every case."""

from __future__ import annotations

from typing import Any

import pytest
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import bls

Case = dict[str, Any]


def hexed(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_bls_fast_aggregate_verify(bls_case: Case) -> None:
    given = bls_case["input"]
    keys = [hexed(key) for key in given["pubkeys"]]
    assert bls.fast_aggregate_verify(keys, hexed(given["message"]), hexed(given["signature"])) is bls_case["output"]


def test_bls_aggregate_verify(bls_case: Case) -> None:
    given = bls_case["input"]
    keys, messages = [hexed(key) for key in given["pubkeys"]], [hexed(each) for each in given["messages"]]
    assert bls.aggregate_verify(keys, messages, hexed(given["signature"])) is bls_case["output"]


def test_bls_batch_verify(bls_case: Case) -> None:
    # A batch holds exactly where each of its signatures does; we have no use for the randomised shortcut.
    rows = zip(*(map(hexed, bls_case["input"][name]) for name in ("pubkeys", "messages", "signatures")), strict=True)
    assert all(bls.verify(*row) for row in rows) is bls_case["output"]


def test_bls_verify(bls_case: Case) -> None:
    given = bls_case["input"]
    assert bls.verify(*(hexed(given[name]) for name in ("pubkey", "message", "signature"))) is bls_case["output"]


def test_bls_aggregate(bls_case: Case) -> None:
    signatures = [hexed(each) for each in bls_case["input"]]
    if bls_case["output"] is None:
        with pytest.raises(RemoteProtocolError, match="bls-signature"):
            bls.aggregate(signatures)
    else:
        assert bls.aggregate(signatures) == hexed(bls_case["output"])


def test_bls_sign(bls_case: Case) -> None:
    # Nothing aboard signs with BLS; a signature made with the library must equal the vector and pass our verify.
    secret, message = hexed(bls_case["input"]["privkey"]), hexed(bls_case["input"]["message"])
    scalar = Scalar.from_be_bytes(secret)
    key = bytes((G1Point() * scalar).to_compressed_bytes())
    signed = bytes((G2Point.hash_to_curve(message, bls.DST) * scalar).to_compressed_bytes())
    if bls_case["output"] is None:
        assert not bls.verify(key, message, signed)
    else:
        assert signed == hexed(bls_case["output"])
        assert bls.verify(key, message, signed)


def test_bls_hash_to_G2(bls_case: Case) -> None:
    dst = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"
    point = bytes(G2Point.hash_to_curve(bls_case["input"]["msg"].encode(), dst).to_xy_bytes_be())
    theirs = [hexed(part) for axis in ("x", "y") for part in bls_case["output"][axis].split(",")]
    ours = [point[at : at + 48] for at in range(0, 192, 48)]
    assert ours == [theirs[0], theirs[1], theirs[2], theirs[3]]


def test_bls_deserialization_G1(bls_case: Case) -> None:
    data = hexed(bls_case["input"]["pubkey"])
    infinity = data == b"\xc0" + bytes(47)
    # The vectors ask for a point, a key is more: infinity decodes as a point and is refused as a key.
    if bls_case["output"] and not infinity:
        assert bytes(bls.public_key(data).to_compressed_bytes()) == data
    else:
        with pytest.raises(RemoteProtocolError) as refused:
            bls.public_key(data)
        assert refused.value.check == "bls-key"
    assert bls_case["output"] or not infinity


def test_bls_deserialization_G2(bls_case: Case) -> None:
    data = hexed(bls_case["input"]["signature"])
    if bls_case["output"]:
        assert bytes(bls.signature(data).to_compressed_bytes()) == data
    else:
        with pytest.raises(RemoteProtocolError) as refused:
            bls.signature(data)
        assert refused.value.check == "bls-signature"


def test_eth_fast_aggregate_verify(eth_bls_case: Any) -> None:
    data = eth_bls_case.yaml("data")
    given, expected = data["input"], data["output"] == "true"
    keys = [hexed(key) for key in given["pubkeys"] or []]
    assert bls.eth_fast_aggregate_verify(keys, hexed(given["message"]), hexed(given["signature"])) is expected


def test_keys_that_cancel_are_nobodys_key() -> None:
    key = G1Point() * Scalar(7)
    keys = [bytes(key.to_compressed_bytes()), bytes((-key).to_compressed_bytes())]
    assert not bls.fast_aggregate_verify(keys, b"anything", bls.G2_INFINITY)
