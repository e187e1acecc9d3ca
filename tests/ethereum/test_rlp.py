"""RLP: the official vectors, the `rlp` package as a second opinion, and input that wants to hurt."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import rlp as pyrlp
from hypothesis import given, settings
from hypothesis import strategies as st

from ethereum.execution_data import headers, hexed, load, raw_receipts, real_proofs, receipt_blocks
from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum.proofs import parse_eip1186
from orbitalcloud.ethereum.rlp import Item, decode, encode, integer, read_bytes, read_integer, read_list

ITEMS: st.SearchStrategy[Item] = st.recursive(
    st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6), max_leaves=30
)


def refusal(data: bytes, **bounds: int) -> str:
    with pytest.raises(RemoteProtocolError) as refused:
        decode(data, **bounds)
    assert refused.value.check == "rlp"
    assert len(refused.value.detail) < 200
    return refused.value.detail


def depth(item: Item) -> int:
    return 0 if isinstance(item, bytes) else 1 + max(map(depth, item), default=0)


def vector(value: Any) -> Item:
    if isinstance(value, list):
        return [vector(each) for each in value]
    if isinstance(value, str) and not value.startswith("#"):
        return value.encode()
    return integer(int(value.removeprefix("#") if isinstance(value, str) else value))


@pytest.mark.parametrize("name", sorted(load("tests/RLPTests/rlptest.json")))
def test_official_encodings(name: str) -> None:
    case = load("tests/RLPTests/rlptest.json")[name]
    item, raw = vector(case["in"]), hexed(case["out"])
    assert encode(item) == raw
    assert decode(raw) == item


@pytest.mark.parametrize("name", sorted(load("tests/RLPTests/invalidRLPTest.json")))
def test_official_malformations_are_refused(name: str) -> None:
    refusal(hexed(load("tests/RLPTests/invalidRLPTest.json")[name]["out"]))


def test_official_random_example() -> None:
    (case,) = load("tests/RLPTests/RandomRLPTests/example.json").values()
    assert case["in"] == "VALID"
    raw = hexed(case["out"])
    item = decode(raw, max_depth=64)
    assert encode(item) == raw
    assert item == pyrlp.decode(raw)


def body(raw: bytes) -> bytes:
    return raw[1:] if raw[:1] and raw[0] in (1, 2, 3, 4) else raw


@pytest.mark.parametrize("name", sorted(load("tests/TransactionTests.json")))
def test_official_transactions_agree_with_the_second_opinion(name: str) -> None:
    case = load("tests/TransactionTests.json")[name]
    raw = body(hexed(case["txbytes"]))
    try:
        theirs = pyrlp.decode(raw)
    except pyrlp.DecodingError:
        assert case["exception"] is not None
        refusal(raw)
        return
    assert decode(raw) == theirs
    assert encode(theirs) == raw


@given(ITEMS)
def test_what_is_written_is_read(item: Item) -> None:
    raw = encode(item)
    assert raw == pyrlp.encode(item)
    assert decode(raw, max_depth=40) == item


@given(st.binary(max_size=80))
def test_any_bytes_as_the_second_opinion_reads_them(data: bytes) -> None:
    try:
        theirs = pyrlp.decode(data)
    except pyrlp.DecodingError:
        refusal(data, max_depth=100)
        return
    assert decode(data, max_depth=100) == theirs
    assert encode(theirs) == data


@settings(max_examples=300)
@given(ITEMS, st.data())
def test_mutated_items_are_refused_or_other_items(item: Item, data: st.DataObject) -> None:
    raw = bytearray(encode(item))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        found = decode(bytes(raw), max_depth=100)
    except RemoteProtocolError:
        refusal(bytes(raw), max_depth=100)
        with pytest.raises(pyrlp.DecodingError):
            pyrlp.decode(bytes(raw))
        return
    assert found != item
    assert encode(found) == bytes(raw)


def test_real_blocks_read_as_the_second_opinion_reads_them() -> None:
    nodes = {node for each in real_proofs() for node in parse_eip1186(each.raw).account_proof}
    receipts = [body(raw) for _, answers in receipt_blocks().values() for raw in raw_receipts(answers)]
    assert len(nodes) > 30
    for raw in (*nodes, *receipts[::7]):
        assert decode(raw) == pyrlp.decode(raw)
    assert len(headers()) == 6


@pytest.mark.parametrize(
    "raw",
    [
        b"\xbf" + b"\xff" * 8,
        b"\xff" * 9,
        b"\xbf\x7f" + b"\xff" * 7 + b"x",
        b"\xff\x01" + bytes(7),
        b"\xbb\xff\xff\xff\xff",
    ],
)
def test_absurd_lengths_are_refused_before_anything_is_taken(raw: bytes) -> None:
    assert "needs" in refusal(raw)
    assert "needs" in refusal(b"\xc9" + raw[:9].ljust(9, b"\0"))


def bomb(levels: int) -> bytes:
    raw = b"\xc0"
    for _ in range(levels):
        length = integer(len(raw))
        raw = bytes((0xC0 + len(raw),)) + raw if len(raw) < 56 else bytes((0xF7 + len(length),)) + length + raw
    return raw


def test_depth_bomb_ends_at_the_bound_whatever_the_recursion_limit() -> None:
    raw = bomb(3_000)
    before = sys.getrecursionlimit()
    assert "nested more than 8" in refusal(raw)
    sys.setrecursionlimit(1_000_000)  # as a library beside us may leave it
    try:
        assert "nested more than 2000" in refusal(raw, max_depth=2_000)
    finally:
        sys.setrecursionlimit(before)


def test_bounds_are_exact() -> None:
    assert depth(decode(bomb(7))) == 8
    refusal(bomb(8))
    three = encode([b"a", b"b"])
    assert decode(three, max_items=3) == [b"a", b"b"]
    assert "more than 2 items" in refusal(three, max_items=2)
    assert "more than" in refusal(encode([b""] * 5000), max_items=4999)


def test_readers_refuse_what_is_not_asked_for() -> None:
    for call in (
        lambda: read_integer([], "n"),
        lambda: read_integer(b"\0", "n"),
        lambda: read_integer(b"\x01" * 9, "n", 8),
        lambda: read_bytes([], "b"),
        lambda: read_bytes(b"ab", "b", 3),
        lambda: read_list(b"", "l"),
        lambda: read_list([b""], "l", 2),
    ):
        with pytest.raises(RemoteProtocolError, match="rlp"):
            call()
    assert read_integer(b"", "n") == 0
