"""Our SSZ against eth-remerkleable, and its strictness."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from remerkleable import basic, byte_arrays, complex

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import ELECTRA_CROSSING, MAINNET, MAINNET_PRESET, MINIMAL_PRESET, Fork, decode_bootstrap
from orbitalcloud.ethereum.codec import BEACON, EXECUTION_CAPELLA, EXECUTION_DENEB, shapes
from orbitalcloud.ethereum.ssz import ByteList, Bytes, Container, Keys, Uint, merkleize
from orbitalcloud.ethereum.types import ExecutionHeader, SyncCommittee


def oracle(name: str, fields: dict[str, type]) -> type:
    return type(name, (complex.Container,), {"__annotations__": fields})


_SIZES = {
    "parent_hash": byte_arrays.Bytes32,
    "fee_recipient": byte_arrays.ByteVector[20],
    "state_root": byte_arrays.Bytes32,
    "receipts_root": byte_arrays.Bytes32,
    "logs_bloom": byte_arrays.ByteVector[256],
    "prev_randao": byte_arrays.Bytes32,
    "block_number": basic.uint64,
    "gas_limit": basic.uint64,
    "gas_used": basic.uint64,
    "timestamp": basic.uint64,
    "extra_data": byte_arrays.ByteList[32],
    "base_fee_per_gas": basic.uint256,
    "block_hash": byte_arrays.Bytes32,
    "transactions_root": byte_arrays.Bytes32,
    "withdrawals_root": byte_arrays.Bytes32,
}
CAPELLA = oracle("Capella", _SIZES)
DENEB = oracle("Deneb", _SIZES | {"blob_gas_used": basic.uint64, "excess_blob_gas": basic.uint64})

U64 = st.integers(0, 2**64 - 1)
ROOT = st.binary(min_size=32, max_size=32)
EXECUTION = st.builds(
    ExecutionHeader,
    parent_hash=ROOT,
    fee_recipient=st.binary(min_size=20, max_size=20),
    state_root=ROOT,
    receipts_root=ROOT,
    logs_bloom=st.binary(min_size=256, max_size=256),
    prev_randao=ROOT,
    block_number=U64,
    gas_limit=U64,
    gas_used=U64,
    timestamp=U64,
    extra_data=st.binary(max_size=32),
    base_fee_per_gas=st.integers(0, 2**256 - 1),
    block_hash=ROOT,
    transactions_root=ROOT,
    withdrawals_root=ROOT,
    blob_gas_used=U64,
    excess_blob_gas=U64,
)


@settings(max_examples=40, deadline=None)
@given(EXECUTION)
def test_execution_headers(header: ExecutionHeader) -> None:
    for ours, theirs in ((EXECUTION_CAPELLA, CAPELLA), (EXECUTION_DENEB, DENEB)):
        raw = ours.encode(header)
        parsed = theirs.decode_bytes(raw)
        assert parsed.encode_bytes() == raw
        assert bytes(parsed.hash_tree_root()) == ours.root(header)
        assert ours.root(ours.decode(raw)) == ours.root(header)
    assert EXECUTION_DENEB.decode(EXECUTION_DENEB.encode(header)) == header


@pytest.mark.parametrize("preset", [MAINNET_PRESET, MINIMAL_PRESET], ids=lambda preset: preset.name)
def test_committee_root(preset: object) -> None:
    size = preset.sync_committee_size  # type: ignore[attr-defined]
    keys = b"".join(number.to_bytes(48, "big") for number in range(size))
    committee = SyncCommittee(keys, b"\7" * 48)
    kind = oracle(
        "SyncCommittee",
        {"pubkeys": complex.Vector[byte_arrays.Bytes48, size], "aggregate_pubkey": byte_arrays.Bytes48},
    )
    root = bytes(kind.decode_bytes(keys + b"\7" * 48).hash_tree_root())
    assert committee.root == root
    assert shapes(preset, Fork.FULU).committee.root(committee) == root  # type: ignore[arg-type]


def test_beacon_header_root_is_the_containers() -> None:
    header = decode_bootstrap(MAINNET, ELECTRA_CROSSING.bootstrap_bytes()).header.beacon
    assert header.root == BEACON.root(header)


@given(st.lists(ROOT, max_size=9), st.integers(0, 40))
def test_merkleize_with_a_limit(leaves: list[bytes], more: int) -> None:
    limit = max(len(leaves) + more, 1)
    root = merkleize(leaves or [bytes(32)], limit)
    kind = complex.Vector[byte_arrays.Bytes32, limit]
    assert root == bytes(kind(leaves + [bytes(32)] * (limit - len(leaves))).hash_tree_root())


@dataclass(frozen=True)
class Pair:
    left: bytes
    number: int
    right: bytes


PAIR = Container(Pair, (("left", ByteList(8)), ("number", Uint(2)), ("right", ByteList(8))))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x0a\0\0\0\1\0\x0a\0\0",
        b"\x0b\0\0\0\1\0\x0b\0\0\0x",  # first offset past the fixed part
        b"\x09\0\0\0\1\0\x0a\0\0\0x",  # … and inside it
        b"\x0a\0\0\0\1\0\x09\0\0\0",  # offsets going back
        b"\x0a\0\0\0\1\0\xff\xff\xff\xff",  # … and beyond the end
        b"\x0a\0\0\0\1\0\x0a\0\0\0123456789",  # a list over its limit
    ],
)
def test_wrong_offsets_are_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        PAIR.decode(raw)
    assert refused.value.check == "ssz"


@given(st.binary(max_size=40))
def test_what_decodes_encodes_to_the_same_bytes(raw: bytes) -> None:
    """One value, one encoding: no two byte strings decode alike."""
    try:
        value = PAIR.decode(raw)
    except RemoteProtocolError:
        return
    assert PAIR.encode(value) == raw


@given(st.binary(max_size=8), st.integers(0, 2**16 - 1), st.binary(max_size=8))
def test_pairs_come_back(left: bytes, number: int, right: bytes) -> None:
    value = Pair(left, number, right)
    raw = PAIR.encode(value)
    assert PAIR.decode(raw) == value
    assert len(raw) <= PAIR.largest
    theirs = oracle("Pair", {"left": byte_arrays.ByteList[8], "number": basic.uint16, "right": byte_arrays.ByteList[8]})
    assert bytes(theirs.decode_bytes(raw).hash_tree_root()) == PAIR.root(value)


def test_sizes_that_cannot_be_are_assertions() -> None:
    for kind, value in ((Bytes(3), b"1234"), (ByteList(2), b"123"), (Keys(1), b"1")):
        with pytest.raises(AssertionError):
            kind.encode(value)
