"""Proofs under state roots of mainnet: accounts and slots, from a checkpoint on, and every lie about them refused."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import rlp as pyrlp
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from ethereum.execution_data import (
    NODES,
    RealProof,
    files,
    hexed,
    load,
    real_proofs,
    refusal,
)
from orbitalcloud.ethereum import MAINNET, LightClient, decode_bootstrap, decode_update, rlp
from orbitalcloud.ethereum.proofs import (
    EMPTY_CODE_HASH,
    MAX_ANSWER_BYTES,
    NO_ACCOUNT,
    Account,
    envelope_type,
    parse_eip1186,
    transaction_branch,
    verify_account,
    verify_code,
    verify_eip1186,
    verify_storage,
    verify_transaction_branch,
    verify_transaction_inclusion,
)
from orbitalcloud.ethereum.trie import EMPTY_ROOT, build, keccak256, list_proof, list_root

REAL = pytest.mark.parametrize("real", real_proofs(), ids=lambda real: real.name)
USDT = next(real for real in real_proofs() if real.name == "fulu-usdt")


def result_of(real: RealProof) -> dict[str, Any]:
    answer = json.loads(real.raw)
    return answer.get("result", answer)


def check(real: RealProof, answer: Any) -> str:
    return refusal(lambda: verify_eip1186(real.state_root, parse_eip1186(json.dumps(answer).encode())))


# --- real answers


@REAL
def test_every_real_answer_verifies(real: RealProof) -> None:
    answer = result_of(real)
    proved = verify_eip1186(real.state_root, parse_eip1186(real.raw))
    assert proved.account == Account(
        int(answer["nonce"], 16), int(answer["balance"], 16), hexed(answer["storageHash"]), hexed(answer["codeHash"])
    )
    assert proved.storage == {int(each["key"], 16): int(each["value"], 16) for each in answer["storageProof"]}
    assert verify_eip1186(
        real.state_root, parse_eip1186(real.raw), address=hexed(answer["address"]), slots=list(proved.storage)
    )


@REAL
def test_the_independent_trie_agrees(real: RealProof) -> None:
    answer = parse_eip1186(real.raw)
    nodes = [pyrlp.decode(raw) for raw in answer.account_proof]
    theirs = pyrlp.decode(HexaryTrie.get_from_proof(real.state_root, keccak256(answer.address), nodes))
    assert theirs[2:] == [answer.claimed.storage_root, answer.claimed.code_hash]
    for each in answer.slots:
        nodes = [pyrlp.decode(raw) for raw in each.proof]
        path = keccak256(each.slot.to_bytes(32, "big"))
        found = HexaryTrie.get_from_proof(answer.claimed.storage_root, path, nodes)
        assert (int.from_bytes(pyrlp.decode(found), "big") if found else 0) == each.value


def test_what_the_real_answers_hold() -> None:
    answers = [parse_eip1186(real.raw) for real in real_proofs()]
    assert len(answers) == 7
    assert sum(len(each.slots) for each in answers) == 8
    assert max(len(slot.proof) for each in answers for slot in each.slots) == 9
    assert any(each.claimed.code_hash == EMPTY_CODE_HASH for each in answers)  # a person's account


def test_absence_in_real_storage() -> None:
    """The nodes that prove two slots of a mainnet Safe also prove that most others are not set: where the root branch
    has no child, or where the path meets a leaf of another slot."""
    real = next(each for each in real_proofs() if each.name.startswith("eth_getProof2"))
    answer = parse_eip1186(real.raw)
    root, (first, second) = answer.claimed.storage_root, answer.slots
    branch = rlp.read_list(rlp.decode(first.proof[0]), "the root")
    ways = Counter[str]()
    for slot in set(range(300)) - {first.slot, second.slot}:
        path = keccak256(slot.to_bytes(32, "big"))
        proof, way = [first.proof[0]], "no child"
        if branch[path[0] >> 4]:
            near = next(
                (s for s in (first, second) if keccak256(s.slot.to_bytes(32, "big"))[0] >> 4 == path[0] >> 4), None
            )
            if near is None:
                continue
            proof, way = list(near.proof), "another leaf"
            assert refusal(lambda path=slot: verify_storage(root, path, [first.proof[0]])) == "proof-short"
        assert verify_storage(root, slot, proof) == 0
        assert HexaryTrie.get_from_proof(root, path, [pyrlp.decode(raw) for raw in proof]) == b""
        ways[way] += 1
    assert ways["no child"] > 100
    assert ways["another leaf"] > 10
    miner = parse_eip1186(next(each for each in real_proofs() if each.name == "block_miner_proof").raw)
    assert verify_storage(miner.claimed.storage_root, 0, []) == 0


def test_the_code_of_the_deposit_contract() -> None:
    real = next(each for each in real_proofs() if each.name == "proof")
    account = verify_eip1186(real.state_root, parse_eip1186(real.raw)).account
    code = hexed(load("helios/account.json")["code"])
    verify_code(account, code)
    verify_code(None, b"")
    for wrong in (b"", code[:-1], bytes([code[0] ^ 1]) + code[1:], bytes(24_577)):
        assert refusal(lambda wrong=wrong: verify_code(account, wrong)) == "proof-code"


# --- the whole way from a checkpoint

WAYS = {
    "eth_getProof2_11434635": (1392, [1392, 1393, 1394]),
    "eth_getStorageAt_electra_11650086": (1422, []),
    "eth_call_electra_11650252": (1422, []),
    "eth_getTransaction_Type_4_11708426": (1428, [1428]),
}


def head(mainnet: dict[str, bytes], name: str) -> Any:
    """The execution header that a light client holds after it verified block N by the signatures in block N + 1."""
    start, periods = WAYS[name]
    (raw,) = (data for path, data in mainnet.items() if path.startswith(f"bootstraps/{start}_"))
    client = LightClient.bootstrap(MAINNET, decode_bootstrap(MAINNET, raw).header.beacon.root, raw)
    for period in periods:
        (raw,) = (data for path, data in mainnet.items() if path.startswith(f"updates/{period}_"))
        client.update(raw, 20_000_000)
    progress = client.update(files()[f"optimistic/{name}.ssz"], 20_000_000)
    assert progress.optimistic_advanced
    return client.optimistic.execution


@pytest.mark.parametrize("name", [name for name in WAYS if "Type_4" not in name])
def test_from_checkpoint_to_slot(mainnet_files: dict[str, bytes], name: str) -> None:
    execution = head(mainnet_files, name)
    answers = [raw for path, raw in files().items() if path.startswith(f"chains/{name[:-9]}/eth_getProof")]
    assert answers
    for raw in answers:
        assert verify_eip1186(execution.state_root, parse_eip1186(raw)).account is not None


def test_from_checkpoint_to_a_type_4_transaction(mainnet_files: dict[str, bytes]) -> None:
    execution = head(mainnet_files, "eth_getTransaction_Type_4_11708426")
    transactions = [hexed(each) for each in load("transactions/0x15729f5.json")]
    known = next(value for path, value in _answers("getTransactionBy"))
    index = int(known["transactionIndex"], 16)
    raw, branch = transactions[index], transaction_branch(transactions, index)
    verify_transaction_branch(execution.transactions_root, index, raw, branch)
    assert keccak256(raw) == hexed(known["hash"])
    assert envelope_type(raw) == 4
    # The trap: the light client's transactions root is SSZ's, the trie's is another number.
    assert list_root(transactions) != execution.transactions_root
    trie_proof = list_proof(transactions, index)
    call = lambda: verify_transaction_inclusion(execution.transactions_root, index, trie_proof)  # noqa: E731
    assert refusal(call) == "proof-hash"


def _answers(part: str) -> Iterator[tuple[str, Any]]:
    return ((path, load(path)) for path in files() if part in path)


def test_tampered_branches_are_refused() -> None:
    header = decode_update(MAINNET, files()["optimistic/eth_getTransaction_Type_4_11708426.ssz"]).attested_header
    root = header.execution.transactions_root
    transactions = [hexed(each) for each in load("transactions/0x15729f5.json")]
    last = len(transactions) - 1
    for index in (0, 1, 61, last):
        verify_transaction_branch(root, index, transactions[index], transaction_branch(transactions, index))
    raw, branch = transactions[61], transaction_branch(transactions, 61)
    for level in range(21):
        for at in (0, 31):
            sibling = bytearray(branch[level])
            sibling[at] ^= 1
            wrong = [*branch[:level], bytes(sibling), *branch[level + 1 :]]
            assert refusal(lambda wrong=wrong: verify_transaction_branch(root, 61, raw, wrong)) == "proof-branch"
    for index in (0, 60, 62, 61 + 2**19):
        assert refusal(lambda index=index: verify_transaction_branch(root, index, raw, branch)) == "proof-branch"
    for wrong_raw in (raw + b"\0", raw[:-1], b"", bytes([raw[0] ^ 1]) + raw[1:]):
        assert refusal(lambda each=wrong_raw: verify_transaction_branch(root, 61, each, branch)) == "proof-branch"
    # Padding beyond the list's end is no transaction.
    padding = transaction_branch(transactions, last + 1)
    assert refusal(lambda: verify_transaction_branch(root, last + 1, b"", padding)) == "proof-branch"
    for size in (branch[:-1], [*branch, bytes(32)], [*branch[:-1], bytes(31)], [bytes(32)] * 10_000):
        assert refusal(lambda size=size: verify_transaction_branch(root, 61, raw, size)) == "proof-size"
    huge = bytes(11 * 2**20)
    assert refusal(lambda: verify_transaction_branch(root, 61, huge, branch)) == "proof-size"


# --- states of our own: what mainnet's few answers do not show

SLOTS = st.dictionaries(st.integers(0, 2**256 - 1), st.integers(1, 2**256 - 1), max_size=12)


def storage_of(slots: dict[int, int]) -> Any:
    return build({keccak256(slot.to_bytes(32, "big")): rlp.encode(rlp.integer(value)) for slot, value in slots.items()})


def state_of(accounts: dict[bytes, Account]) -> Any:
    def body(each: Account) -> rlp.Item:
        return [rlp.integer(each.nonce), rlp.integer(each.balance_wei), each.storage_root, each.code_hash]

    return build({keccak256(address): rlp.encode(body(each)) for address, each in accounts.items()})


def answer_of(
    state: Any, storage: Any, address: bytes, account: Account | None, slots: dict[int, int]
) -> dict[str, Any]:
    def hexes(proof: list[bytes]) -> list[str]:
        return ["0x" + raw.hex() for raw in proof]

    claimed = account or NO_ACCOUNT
    return {
        "address": "0x" + address.hex(),
        "accountProof": hexes(state.proof(keccak256(address))),
        "balance": hex(claimed.balance_wei),
        "codeHash": "0x" + claimed.code_hash.hex(),
        "nonce": hex(claimed.nonce),
        "storageHash": "0x" + claimed.storage_root.hex(),
        "storageProof": [
            {"key": hex(slot), "value": hex(value), "proof": hexes(storage.proof(keccak256(slot.to_bytes(32, "big"))))}
            for slot, value in slots.items()
        ],
    }


@settings(max_examples=60, deadline=None)
@given(SLOTS, st.integers(0, 2**256 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**256 - 1), st.integers(0, 30))
def test_any_state_is_proved_as_it_is(slots: dict[int, int], other: int, nonce: int, balance: int, crowd: int) -> None:
    storage = storage_of(slots)
    mine = Account(nonce, balance, storage.root, keccak256(b"code"))
    address, nobody = bytes(20), b"\xee" * 20
    state = state_of({address: mine} | {bytes([n + 1]) * 20: NO_ACCOUNT for n in range(crowd)})
    asked = dict(list(slots.items())[:4]) | {other: slots.get(other, 0)}
    raw = json.dumps(answer_of(state, storage, address, mine, asked)).encode()
    proved = verify_eip1186(state.root, parse_eip1186(raw), address=address, slots=list(asked))
    assert (proved.account, proved.storage) == (mine, asked)
    empty = build({})
    absent = verify_eip1186(
        state.root, parse_eip1186(json.dumps(answer_of(state, empty, nobody, None, {other: 0})).encode())
    )
    assert (absent.account, absent.storage) == (None, {other: 0})
    assert verify_storage(storage.root, other, storage.proof(keccak256(other.to_bytes(32, "big")))) == slots.get(
        other, 0
    )


def test_no_account_as_geth_and_as_the_eip_write_it() -> None:
    state, nobody = state_of({bytes([n]) * 20: NO_ACCOUNT for n in range(40)}), b"\xee" * 20
    answer = answer_of(state, build({}), nobody, None, {7: 0})
    assert verify_account(state.root, nobody, state.proof(keccak256(nobody))) is None
    for zeros in ({}, {"codeHash": "0x" + "00" * 32, "storageHash": "0x" + "00" * 32}):
        proved = verify_eip1186(state.root, parse_eip1186(json.dumps(answer | zeros).encode()))
        assert proved.account is None
    for lie in (
        {"nonce": "0x1"},
        {"balance": "0x1"},
        {"codeHash": "0x" + "11" * 32},
        {"storageHash": "0x" + "11" * 32},
    ):
        call = lambda lie=lie: verify_eip1186(state.root, parse_eip1186(json.dumps(answer | lie).encode()))  # noqa: E731
        assert refusal(call) == "proof-claim"
    # An account that is there must not be shown with zeros for hashes.
    there = answer_of(state, build({}), bytes(20), NO_ACCOUNT, {})
    zeroed = json.dumps(there | {"codeHash": "0x" + "00" * 32}).encode()
    assert refusal(lambda: verify_eip1186(state.root, parse_eip1186(zeroed))) == "proof-claim"


def test_what_is_proved_but_is_no_account_or_no_value() -> None:
    address, path = bytes(20), keccak256(bytes(20))
    good: list[rlp.Item] = [b"\1", b"\1", EMPTY_ROOT, EMPTY_CODE_HASH]
    wrong: list[rlp.Item] = [
        good[:3],
        [*good, b""],
        [b"\0", *good[1:]],
        [b"\1" * 9, *good[1:]],
        [good[0], b"\1" * 33, *good[2:]],
        [*good[:2], b"short", good[3]],
        [*good[:3], b"long" * 9],
        [*good[:3], [b"x" * 32]],
        b"account",
    ]
    for item in wrong:
        trie = build({path: rlp.encode(item)})
        assert refusal(lambda trie=trie: verify_account(trie.root, address, trie.proof(path))) == "proof-account"
    slot = keccak256(bytes(32))
    for raw in (b"\x80", b"\0", b"\x81\x01", b"\xa1" + b"\1" * 33, b"\xc1\x01", b"\x82\0\1", b"\1\1"):
        trie = build({slot: raw})
        assert refusal(lambda trie=trie: verify_storage(trie.root, 0, trie.proof(slot))) == "proof-storage"


# --- tampering with real answers


def flips(text: str) -> Iterator[str]:
    """`text` with a digit changed here and there: first, last and between."""
    digits = text.removeprefix("0x")
    for at in sorted({0, len(digits) // 3, len(digits) // 2, len(digits) - 1}):
        yield "0x" + digits[:at] + f"{int(digits[at], 16) ^ 1:x}" + digits[at + 1 :]


def edits(value: Any) -> Iterator[Any]:
    """Everything that can be done to one place of an answer, at every place below it."""
    if isinstance(value, dict):
        for key in value:
            yield {name: each for name, each in value.items() if name != key}
            yield from ({**value, key: other} for other in edits(value[key]))
        yield {**value, "unknown": "0x1"}
    elif isinstance(value, list):
        yield [*value, "0x80"]
        yield {}
        for at in range(len(value)):
            yield value[:at] + value[at + 1 :]
            yield value[: at + 1] + value[at:]
            yield from ([*value[:at], other, *value[at + 1 :]] for other in edits(value[at]))
        if len(value) > 1:
            yield value[::-1]
    else:
        yield from flips(value)
        yield from (None, 7, [], "", "0x", value[2:], "0X" + value[2:], value + "0", value + "00", value[:-2] + "0g")
        yield from (" " + value, value[:4] + "  " + value[6:], "0x+" + value[3:], value[:-2] + "_1", "0x" + "f" * 2000)


@REAL
def test_every_field_tampered_with_is_refused(real: RealProof) -> None:
    """Each field, node and slot of each real answer: left out, doubled, moved, retyped, respelt or off by one digit."""
    answer = result_of(real)
    asked_address, asked = hexed(answer["address"]), [int(each["key"], 16) for each in answer["storageProof"]]
    seen: Counter[str] = Counter()
    for wrong in edits(answer):
        raw = json.dumps(wrong).encode()
        call = lambda raw=raw: verify_eip1186(  # noqa: E731
            real.state_root, parse_eip1186(raw), address=asked_address, slots=asked
        )
        seen[refusal(call)] += 1
    assert set(seen) <= NODES | {"proof-json", "proof-claim", "proof-question"}
    assert seen["proof-hash"] >= 5 * len(answer["accountProof"])
    assert seen["proof-claim"] > 10


@REAL
def test_what_was_asked_decides(real: RealProof) -> None:
    proof = parse_eip1186(real.raw)
    slots = [each.slot for each in proof.slots]
    for wrong in ({"address": bytes(20)}, {"slots": [*slots, 1]}, {"slots": [each + 1 for each in slots] or [0]}):
        assert refusal(lambda wrong=wrong: verify_eip1186(real.state_root, proof, **wrong)) == "proof-question"
    # Without a question, an answer with another address or slot is still no proof of it.
    other = dataclasses.replace(proof, address=bytes([proof.address[0] ^ 1]) + proof.address[1:])
    assert refusal(lambda: verify_eip1186(real.state_root, other)) in NODES | {"proof-claim"}
    assert refusal(lambda: verify_eip1186(keccak256(real.state_root), proof)) == "proof-hash"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_real_proof_is_refused(data: st.DataObject) -> None:
    real = data.draw(st.sampled_from(real_proofs()))
    proof = parse_eip1186(real.raw)
    lists = [proof.account_proof, *(each.proof for each in proof.slots)]
    which = data.draw(st.sampled_from([at for at, nodes in enumerate(lists) if nodes]))
    nodes = list(lists[which])
    at = data.draw(st.integers(0, len(nodes) - 1))
    raw = bytearray(nodes[at])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    nodes[at] = bytes(raw)
    if which == 0:
        wrong = dataclasses.replace(proof, account_proof=tuple(nodes))
    else:
        slots = list(proof.slots)
        slots[which - 1] = dataclasses.replace(slots[which - 1], proof=tuple(nodes))
        wrong = dataclasses.replace(proof, slots=tuple(slots))
    assert refusal(lambda: verify_eip1186(real.state_root, wrong)) == "proof-hash"


# --- answers that want to hurt


def test_hostile_answers_are_bounded_and_named() -> None:
    good = result_of(USDT)
    assert check(USDT, good | {"accountProof": good["accountProof"] * 2_000}) == "proof-size"
    node = good["accountProof"][0]
    assert check(USDT, good | {"accountProof": ["0x80"] * 10_000}) == "proof-json"
    assert check(USDT, good | {"accountProof": [node] * 66}) == "proof-json"
    assert check(USDT, good | {"storageProof": [{"key": "0x0", "value": "0x0", "proof": []}] * 1_025}) == "proof-json"
    assert check(USDT, good | {"accountProof": ["0x" + "f9ffff" + "00" * 530]}) == "proof-json"
    assert check(USDT, good | {"nonce": "0x10000000000000000"}) == "proof-json"
    for raw in (
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"result":' * 100_000,
        b'{"result":' + b"[" * 100_000,
        b'{"id":' + b"[" * 100_000 + b'"result"',
        b'{"x":' + b"[" * 100_000,
        b'{"address":"\xff\xfe"}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"missing trie node"}}',
        b'{"jsonrpc":"2.0","id":1,"result":null}',
        json.dumps(good).encode() + b"x",
        json.dumps(good).encode()[:-1],
        json.dumps({"result": good, "extra": 1}).encode(),
    ):
        assert refusal(lambda raw=raw: parse_eip1186(raw)) == "proof-json"
    assert refusal(lambda: parse_eip1186(b" " * (MAX_ANSWER_BYTES + 1))) == "proof-size"


def test_values_may_be_padded_and_cased_but_not_otherwise_spelt() -> None:
    good = result_of(USDT)
    proved = verify_eip1186(USDT.state_root, parse_eip1186(json.dumps(good).encode()))
    (slot,) = good["storageProof"]
    padded = slot | {"value": "0x" + slot["value"][2:].rjust(64, "0"), "key": "0x" + slot["key"][2:].upper()}
    checksummed = load("fulu/eth_data.json")["contract"]
    again = good | {"storageProof": [padded], "address": checksummed}
    assert verify_eip1186(USDT.state_root, parse_eip1186(json.dumps(again).encode())) == proved
    assert check(USDT, good | {"nonce": "0x01"}) == "proof-json"


@given(st.binary(max_size=300))
def test_any_bytes_as_an_answer(raw: bytes) -> None:
    assert refusal(lambda: parse_eip1186(raw)) == "proof-json"
