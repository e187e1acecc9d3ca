"""Blocks of mainnet: headers, transactions and receipts of types 0 to 4, rebuilt, proved and tampered with."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethereum.execution_data import (
    NODES,
    files,
    header_rlp,
    headers,
    hexed,
    load,
    raw_receipts,
    receipt_blocks,
    receipt_of,
    refusal,
)
from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import rlp
from orbitalcloud.ethereum.proofs import (
    decode_receipt,
    encode_receipt,
    envelope_type,
    verify_header,
    verify_list_item,
    verify_receipt_inclusion,
    verify_transaction_inclusion,
)
from orbitalcloud.ethereum.trie import keccak256, list_proof, list_root, list_trie


@pytest.mark.parametrize("name", sorted(headers()))
def test_headers_hash_to_their_block(name: str) -> None:
    answer = headers()[name]
    raw = header_rlp(answer)
    header = verify_header(hexed(answer["hash"]), raw)
    assert (header.number, header.timestamp, header.gas_used) == tuple(
        int(answer[key], 16) for key in ("number", "timestamp", "gasUsed")
    )
    assert header.state_root == hexed(answer["stateRoot"])
    assert header.transactions_root == hexed(answer["transactionsRoot"])
    assert header.receipts_root == hexed(answer["receiptsRoot"])
    assert header.withdrawals_root == hexed(answer["withdrawalsRoot"])
    for at in range(len(raw)):
        wrong = raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]
        assert refusal(lambda wrong=wrong: verify_header(hexed(answer["hash"]), wrong)) == "proof-header"


def test_headers_that_hash_right_but_are_none_are_refused() -> None:
    fields = rlp.read_list(rlp.decode(header_rlp(headers()["fulu"])), "header")
    for wrong in ([], fields[:19], [*fields[:3], b"short", *fields[4:]], [*fields[:8], b"\0\1", *fields[9:]], b"text"):
        raw = rlp.encode(wrong)
        assert refusal(lambda raw=raw: verify_header(keccak256(raw), raw)) == "proof-header"
    assert refusal(lambda: verify_header(keccak256(bytes(2000)), bytes(2000))) == "proof-size"
    later = rlp.encode([*fields, b"a field of a fork to come"])
    assert verify_header(keccak256(later), later).number == 25639768


@pytest.mark.parametrize("number", ["0x14d7970", "0x14d7971", "0x152b000", "0x15729f6"])
def test_transactions_roots_rebuild(number: str) -> None:
    answer = next(each for each in headers().values() if each["number"] == number)
    transactions = [hexed(each) for each in load(f"transactions/{number}.json")]
    assert ["0x" + keccak256(each).hex() for each in transactions] == answer["transactions"]
    trie, root = list_trie(transactions), hexed(answer["transactionsRoot"])
    assert trie.root == root
    for index, raw in enumerate(transactions):
        proof = trie.proof(rlp.encode(rlp.integer(index)))
        assert verify_transaction_inclusion(root, index, proof) == raw


def test_all_five_types_were_proved() -> None:
    kinds = Counter(
        envelope_type(hexed(each)) for path in files() if path.startswith("transactions/") for each in load(path)
    )
    kinds += Counter(
        decode_receipt(raw).kind for _, answers in receipt_blocks().values() for raw in raw_receipts(answers)
    )
    assert set(kinds) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("name", ["helios", "logs", "fulu"])
def test_receipts_roots_rebuild(name: str) -> None:
    root, answers = receipt_blocks()[name]
    receipts = raw_receipts(answers)
    assert len(receipts) == {"helios": 202, "logs": 57, "fulu": 137}[name]
    trie = list_trie(receipts)
    assert trie.root == root
    for index, answer in enumerate(answers):
        raw = verify_receipt_inclusion(root, index, trie.proof(rlp.encode(rlp.integer(index))))
        receipt = decode_receipt(raw)
        assert receipt == receipt_of(answer)
        assert encode_receipt(receipt) == raw
    beyond = len(receipts)
    assert verify_list_item(root, beyond, list_proof(receipts, beyond)) is None
    assert refusal(lambda: verify_receipt_inclusion(root, beyond, list_proof(receipts, beyond))) == "proof-absent"


def test_a_receipt_proof_that_somebody_else_made() -> None:
    """The Fulu collector's own proof of receipt 31 (from its own trie code)."""
    fulu = load("fulu/eth_data.json")
    given_proof = fulu["receipt_proof"]
    nodes = [hexed(each) for each in given_proof["nodes"]]
    raw = verify_receipt_inclusion(hexed(fulu["receiptsRoot"]), int(given_proof["index"]), nodes)
    assert decode_receipt(raw) == receipt_of(fulu["block_receipts"][31])
    assert nodes == list_proof(raw_receipts(fulu["block_receipts"]), 31)


def test_a_receipt_is_proved_at_its_own_place_only() -> None:
    root, answers = receipt_blocks()["fulu"]
    receipts = raw_receipts(answers)
    proof = list_proof(receipts, 31)
    for index in (0, 1, 30, 32, 127, 128, 136, 137, 31 + 256):
        assert refusal(lambda index=index: verify_receipt_inclusion(root, index, proof)) in NODES | {"proof-absent"}
    for node, raw in enumerate(proof):
        for at in range(0, len(raw), 7):
            wrong = [*proof[:node], raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], *proof[node + 1 :]]
            assert refusal(lambda wrong=wrong: verify_receipt_inclusion(root, 31, wrong)) == "proof-hash"


# --- receipts and envelopes


def test_malformed_receipts_are_refused() -> None:
    _, answers = receipt_blocks()["fulu"]
    receipt = receipt_of(next(answer for answer in answers if answer["logs"]))
    log = receipt.logs[0]
    status, gas, bloom, logs = rlp.read_list(rlp.decode(encode_receipt(receipt)[1:]), "receipt")
    entry = [log.address, list(log.topics), log.data]
    wrong: list[rlp.Item] = [
        [status, gas, bloom],
        [status, gas, bloom, logs, b""],
        [b"\2", gas, bloom, logs],
        [bytes(32), gas, bloom, logs],
        [[], gas, bloom, logs],
        [status, b"\0\1", bloom, logs],
        [status, b"\1" * 9, bloom, logs],
        [status, gas, bloom[1:], logs],
        [status, gas, bloom, b"logs"],
        [status, gas, bloom, [b"log"]],
        [status, gas, bloom, [entry[:2]]],
        [status, gas, bloom, [[log.address[1:], *entry[1:]]]],
        [status, gas, bloom, [[log.address, [bytes(32)] * 5, log.data]]],
        [status, gas, bloom, [[log.address, [bytes(31)], log.data]]],
        [status, gas, bloom, [[*entry[:2], [b"data"]]]],
        b"receipt",
    ]
    for item in wrong:
        assert refusal(lambda item=item: decode_receipt(b"\2" + rlp.encode(item))) == "proof-receipt"
    assert refusal(lambda: decode_receipt(encode_receipt(receipt) + b"\0")) == "proof-receipt"
    for raw in (b"", b"\0", b"\5\xc0", b"\x7f\xc0", b"\x80", b"\xff"):
        assert refusal(lambda raw=raw: decode_receipt(raw)) == "proof-envelope"


@given(st.binary(max_size=400))
def test_any_bytes_as_a_receipt(raw: bytes) -> None:
    try:
        receipt = decode_receipt(raw)
    except RemoteProtocolError as refused:
        named = refused.check in ("proof-receipt", "proof-envelope")
    else:
        named = encode_receipt(receipt) == raw
    assert named


def test_unknown_types_in_a_block_are_refused() -> None:
    items = [b"\5 a type of a fork to come", b"\xc0"]
    root = list_root(items)
    assert refusal(lambda: verify_transaction_inclusion(root, 0, list_proof(items, 0))) == "proof-envelope"
    assert verify_transaction_inclusion(root, 1, list_proof(items, 1)) == b"\xc0"
