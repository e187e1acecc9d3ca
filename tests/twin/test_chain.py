"""The in-process EVM takes what the wallet signs and says no as a node does; the JSON-RPC chain, against loopback."""

from __future__ import annotations

import json
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from orbitalcloud.core import (
    SECOND,
    DataError,
    Instant,
    Refused,
    RemoteProtocolError,
    Unreachable,
    parse_instant,
    to_hex,
)
from orbitalcloud.ethereum import Wallet
from orbitalcloud.twin.chain import Chain, ChainReceipt, InProcessChain, JsonRpcChain

GWEI = 10**9
ETHER = 10**18
CHAIN_ID = 1337
TO = "0x3535353535353535353535353535353535353535"
AT = parse_instant("2026-03-20T12:00:00Z")


@pytest.fixture(scope="module")
def wallet() -> Wallet:
    return Wallet.born(bytes(range(32)))


@pytest.fixture
def chain(wallet: Wallet) -> InProcessChain:
    return InProcessChain(CHAIN_ID, {wallet.address: ETHER}, AT)


def sign(wallet: Wallet, nonce: int, chain_id: int = CHAIN_ID, **changes: Any) -> Any:
    given: dict[str, Any] = {"to": TO, "value_wei": 10**15, "gas": 21_000}
    fees = {"max_fee_per_gas_wei": 3 * GWEI, "max_priority_fee_per_gas_wei": GWEI}
    return wallet.sign_transaction(chain_id, nonce, **(given | fees | changes))


def later(seconds: int) -> Instant:
    return Instant(AT + seconds * SECOND)


def test_a_transfer_signed_aboard_is_mined(wallet: Wallet, chain: InProcessChain) -> None:
    signed = sign(wallet, 0)
    tx_hash = chain.send_raw_transaction(signed.raw, later(60))
    assert tx_hash == signed.hash
    assert chain.receipt(tx_hash) == ChainReceipt(status=1, block_number=1, gas_used=21_000)
    assert chain.balance(TO) == 10**15
    assert chain.nonce(wallet.address) == 1
    # EIP-1559: the sender pays base fee + tip for each gas. The first block's base fee is the genesis one, less an
    # eighth because the genesis block is empty.
    price = GWEI - GWEI // 8 + GWEI
    assert chain.balance(wallet.address) == ETHER - 10**15 - 21_000 * price


def test_nothing_is_created_or_lost_but_the_burned_fee(wallet: Wallet, chain: InProcessChain) -> None:
    miner = "0x" + "00" * 20
    chain.send_raw_transaction(sign(wallet, 0).raw, later(1))
    burned = 21_000 * (GWEI - GWEI // 8)
    assert chain.balance(wallet.address) + chain.balance(TO) + chain.balance(miner) == ETHER - burned


def test_the_same_bytes_again_are_no_error(wallet: Wallet, chain: InProcessChain) -> None:
    signed = sign(wallet, 0)
    assert chain.send_raw_transaction(signed.raw, later(1)) == chain.send_raw_transaction(signed.raw, later(2))
    assert chain.head[0] == 1
    assert chain.balance(TO) == 10**15


def test_transactions_may_arrive_out_of_order(wallet: Wallet, chain: InProcessChain) -> None:
    hashes = {nonce: chain.send_raw_transaction(sign(wallet, nonce).raw, later(10 - nonce)) for nonce in (2, 1)}
    assert chain.receipt(hashes[1]) is None
    assert chain.nonce(wallet.address) == 0
    first = chain.send_raw_transaction(sign(wallet, 0).raw, later(20))
    receipts = [chain.receipt(tx_hash) for tx_hash in (first, hashes[1], hashes[2])]
    assert [receipt and receipt.block_number for receipt in receipts] == [1, 2, 3]
    assert chain.nonce(wallet.address) == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda wallet: sign(wallet, 0, chain_id=1).raw, "chain"),
        (lambda wallet: sign(wallet, 0, value_wei=ETHER).raw, ""),
        (lambda wallet: sign(wallet, 0, gas=20_999).raw, ""),
        (lambda wallet: sign(wallet, 0, max_fee_per_gas_wei=1, max_priority_fee_per_gas_wei=0).raw, ""),
        (lambda wallet: sign(Wallet.born(b"\1" * 16), 0).raw, ""),
        (lambda wallet: sign(wallet, 0).raw[:-1], ""),
        (lambda wallet: b"", "bytes"),
        (lambda wallet: bytes(200_000), "bytes"),
    ],
    ids=["other chain", "too dear", "too little gas", "below the base fee", "no funds", "torn", "empty", "huge"],
)
def test_what_a_chain_refuses(
    wallet: Wallet, chain: InProcessChain, make: Callable[[Wallet], bytes], words: str
) -> None:
    with pytest.raises(Refused) as refused:
        chain.send_raw_transaction(make(wallet), later(1))
    assert refused.value.why.rule == "chain"
    assert words in refused.value.why.text
    assert chain.head[0] == 0
    assert chain.send_raw_transaction(sign(wallet, 0).raw, later(2))  # and it still works


def test_a_spent_nonce_is_refused(wallet: Wallet, chain: InProcessChain) -> None:
    chain.send_raw_transaction(sign(wallet, 0).raw, later(1))
    with pytest.raises(Refused):
        chain.send_raw_transaction(sign(wallet, 0, value_wei=7).raw, later(2))


def test_a_reverting_call_is_mined_with_status_0(wallet: Wallet, chain: InProcessChain) -> None:
    # 60006000fd: PUSH1 0 PUSH1 0 REVERT as creation code
    signed = sign(wallet, 0, to=None, value_wei=0, gas=100_000, data=bytes.fromhex("60006000fd"))
    receipt = chain.receipt(chain.send_raw_transaction(signed.raw, later(1)))
    assert receipt is not None
    assert receipt.status == 0
    assert 53_000 < receipt.gas_used < 100_000


def test_contracts_run(wallet: Wallet, chain: InProcessChain) -> None:
    # Creation code that returns the one-byte program 0x00 (STOP): PUSH1 1 PUSH1 0 RETURN.
    signed = sign(wallet, 0, to=None, value_wei=0, gas=100_000, data=bytes.fromhex("60016000f3"))
    receipt = chain.receipt(chain.send_raw_transaction(signed.raw, later(1)))
    assert receipt is not None
    assert receipt.status == 1
    from eth_utils import keccak
    from rlp import encode

    created = "0x" + keccak(encode([bytes.fromhex(wallet.address[2:]), 0]))[12:].hex()
    assert chain.code(created) == b"\0"


def test_blocks_depend_on_nothing_but_what_was_given(wallet: Wallet) -> None:
    heads = []
    for _ in range(2):
        chain = InProcessChain(CHAIN_ID, {wallet.address: ETHER}, AT)
        for nonce in range(3):
            chain.send_raw_transaction(sign(wallet, nonce).raw, later(nonce))
        heads.append(chain.head)
    assert heads[0] == heads[1]
    moved = InProcessChain(CHAIN_ID, {wallet.address: ETHER}, AT)
    for nonce in range(3):
        moved.send_raw_transaction(sign(wallet, nonce).raw, later(nonce + 100))
    assert moved.head != heads[0]


def test_a_pickle_goes_on_where_it_was(wallet: Wallet, chain: InProcessChain) -> None:
    first = chain.send_raw_transaction(sign(wallet, 0).raw, later(1))
    waiting = chain.send_raw_transaction(sign(wallet, 2).raw, later(2))
    with pytest.raises(Refused):
        chain.send_raw_transaction(b"\2", later(3))
    data = pickle.dumps(chain)
    assert len(data) < 2_000
    back: InProcessChain = pickle.loads(data)
    assert back.send_raw_transaction(sign(wallet, 0).raw, later(4)) == first
    assert (back.head, back.receipt(waiting)) == (chain.head, None)
    for each in (chain, back):
        each.send_raw_transaction(sign(wallet, 1).raw, later(5))
    assert back.head == chain.head
    assert back.receipt(waiting) == chain.receipt(waiting) is not None


def test_calls_may_nest_as_deep_as_the_evm_allows(wallet: Wallet, chain: InProcessChain) -> None:
    """A contract that calls itself until gas or depth ends it, under Python's own recursion limit outside."""
    before = sys.getrecursionlimit()
    # Runtime: PUSH0 x5 ADDRESS GAS CALL STOP; deployed by a creation code that copies its last 9 bytes.
    runtime = bytes.fromhex("5f5f5f5f5f305af100")
    create = bytes.fromhex("600980600a5f395ff3") + b"\0" + runtime
    made = sign(wallet, 0, to=None, value_wei=0, gas=200_000, data=create)
    assert chain.receipt(chain.send_raw_transaction(made.raw, later(1))) is not None
    from eth_utils import keccak, to_checksum_address
    from rlp import encode

    created = to_checksum_address(keccak(encode([bytes.fromhex(wallet.address[2:]), 0]))[12:])
    assert chain.code(created) == runtime
    call = sign(wallet, 1, to=created, value_wei=0, gas=20_000_000)
    receipt = chain.receipt(chain.send_raw_transaction(call.raw, later(2)))
    assert receipt is not None
    assert receipt.status == 1
    assert sys.getrecursionlimit() == before


def test_time_never_runs_backwards_on_chain(wallet: Wallet, chain: InProcessChain) -> None:
    chain.send_raw_transaction(sign(wallet, 0).raw, later(100))
    chain.send_raw_transaction(sign(wallet, 1).raw, later(50))
    assert chain.head[0] == 2


# --------------------------------------------------------------------------------------------- JSON-RPC


class Node:
    """A JSON-RPC node on loopback in front of the in-process chain, or one that answers nonsense."""

    def __init__(self, chain: InProcessChain) -> None:
        self.chain = chain
        self.nonsense: bytes | None = None
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = node.nonsense if node.nonsense is not None else node.answer(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, call: dict[str, Any]) -> bytes:
        try:
            return json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": self.result(**call)}).encode()
        except Refused as no:
            error = {"code": -32000, "message": no.why.text}
            return json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": error}).encode()

    def result(self, method: str, params: list[str], **_: object) -> object:
        if method == "eth_sendRawTransaction":
            return self.chain.send_raw_transaction(bytes.fromhex(params[0][2:]), later(1))
        if method == "eth_getTransactionReceipt":
            found = self.chain.receipt(params[0])
            if found is None:
                return None
            return {"status": hex(found.status), "blockNumber": hex(found.block_number), "gasUsed": hex(found.gas_used)}
        one = {"eth_chainId": lambda: self.chain.chain_id, "eth_getBalance": lambda: self.chain.balance(params[0])}
        return hex(one.get(method, lambda: self.chain.nonce(params[0]))())


@pytest.fixture
def node(chain: InProcessChain) -> Iterator[Node]:
    node = Node(chain)
    thread = threading.Thread(target=node.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield node
    node.server.shutdown()
    thread.join()
    node.server.server_close()


def test_json_rpc_says_the_same(wallet: Wallet, node: Node) -> None:
    remote: Chain = JsonRpcChain(node.url, 5.0)
    assert remote.chain_id == CHAIN_ID
    signed = sign(wallet, 0)
    assert remote.receipt(signed.hash) is None
    assert remote.send_raw_transaction(signed.raw, AT) == signed.hash
    assert remote.receipt(signed.hash) == node.chain.receipt(signed.hash)
    assert remote.balance(wallet.address) == node.chain.balance(wallet.address)
    assert remote.nonce(wallet.address) == 1
    with pytest.raises(Refused):
        remote.send_raw_transaction(sign(wallet, 0, value_wei=7).raw, AT)


def test_a_transaction_that_the_node_has_already_is_no_error(wallet: Wallet, node: Node) -> None:
    node.nonsense = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"already known"}}'
    signed = sign(wallet, 0)
    assert JsonRpcChain(node.url, 5.0).send_raw_transaction(signed.raw, AT) == signed.hash


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"result": 7}',
        b'{"result": "0xzz"}',
        b"[" * 100_000,
        b'{"result":"0x' + b"f" * 99 + b'"}',
    ],
)
def test_nonsense_from_a_node(node: Node, answer: bytes) -> None:
    node.nonsense = answer
    with pytest.raises(RemoteProtocolError) as refused:
        JsonRpcChain(node.url, 5.0).balance(TO)
    assert refused.value.check == "json-rpc"


def test_an_endless_answer_is_cut(node: Node) -> None:
    node.nonsense = b" " * (3 << 20)
    with pytest.raises(RemoteProtocolError, match="more than"):
        JsonRpcChain(node.url, 5.0).balance(TO)


def test_a_node_that_lies_about_the_hash(wallet: Wallet, node: Node) -> None:
    node.nonsense = json.dumps({"result": to_hex(bytes(32))}).encode()
    with pytest.raises(RemoteProtocolError, match="hashes to"):
        JsonRpcChain(node.url, 5.0).send_raw_transaction(sign(wallet, 0).raw, AT)


def test_nobody_there(node: Node) -> None:
    url = node.url
    node.server.server_close()
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        JsonRpcChain(url, 1.0).balance(TO)
    with pytest.raises(DataError, match="http"):
        JsonRpcChain("file:///etc/passwd")
