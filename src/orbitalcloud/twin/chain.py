"""The Ethereum chain that a ground station hands transactions to: one in this process, or any JSON-RPC node.

Both answer the same few questions (`Chain`). A chain that says no raises `Refused` with its reason; one that does not
answer raises `Unreachable`. `InProcessChain` is a real EVM (py-evm, Prague rules) that mines a block for each
transaction at the instant it is given; it reads no clock, so the same transactions make the same blocks.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from typing import Any, Protocol

from orbitalcloud.core import (
    SECOND,
    DataError,
    Instant,
    Refused,
    RemoteProtocolError,
    Unreachable,
    Why,
    from_hex,
    to_hex,
)
from orbitalcloud.ethereum.recursion import kept_recursion_limit
from orbitalcloud.ethereum.transactions import checksum_address
from orbitalcloud.ethereum.wallet import MAX_TRANSACTION_BYTES, transaction_hash

_POSIX_EPOCH = Instant(0)
MAX_PENDING = 256
MAX_ANSWER_BYTES = 1 << 20
MAX_ANSWER_DEPTH = 64
MAX_TOLD = 200
"""Characters of a stranger's words that are passed on."""
GENESIS_BASE_FEE_WEI = 10**9
GENESIS_GAS_LIMIT = 30_000_000
EVM_RECURSION = 12_288
"""Python frames that py-evm wants for 1,024 nested calls (its own EVM_RECURSION_LIMIT)."""
_BRACKETS = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class ChainReceipt:
    """What became of a transaction: `status` 1 succeeded or 0 reverted, in which block, for how much gas."""

    status: int
    block_number: int
    gas_used: int


class Chain(Protocol):
    """What a station needs of a chain."""

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        ...

    def send_raw_transaction(self, raw: bytes, at: Instant) -> str:
        """Hand a signed transaction over; its hash. The same bytes again are no error. `Refused` if it is invalid."""
        ...

    def receipt(self, tx_hash: str) -> ChainReceipt | None:
        """The receipt, None while the transaction is not in a block."""
        ...

    def balance(self, address: str) -> int:
        """Balance in wei."""
        ...

    def nonce(self, address: str) -> int:
        """How many transactions of `address` are in blocks: the nonce of its next one."""
        ...


class InProcessChain:
    """A real EVM in this process, deterministic and picklable (as its genesis and the transactions it was given).

    A transaction whose nonce leaves a gap waits for the ones before it, as in a node's pool. The EVM is imported
    (0.2 s, 0.7 s where eth-account is not loaded yet) and its genesis made when it is first asked something.
    """

    def __init__(
        self,
        chain_id: int,
        funded: dict[str, int],
        genesis: Instant = _POSIX_EPOCH,
        slot_s: int = 0,
        chance: bytes = b"",
    ) -> None:
        """`funded` gives balances in wei by address; `genesis` is the first block's time.

        With `slot_s`, blocks come at whole slots after genesis, the next one after a transaction's arrival; with
        `chance`, a block's `prev_randao` follows from it and the block's time.
        """
        self._chain_id, self._genesis, self._slot_s, self._chance = chain_id, genesis, slot_s, chance
        self._funded = {checksum_address(address): wei for address, wei in funded.items()}
        self._taken: list[tuple[bytes, Instant]] = []
        self._reset()

    def _reset(self) -> None:
        self._evm: Any = None
        self._receipts: dict[str, ChainReceipt] = {}
        self._pending: dict[tuple[bytes, int], bytes] = {}

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self._chain_id

    def send_raw_transaction(self, raw: bytes, at: Instant) -> str:
        """Mine a block with this transaction at `at` (or keep it until the nonces before it are there); its hash."""
        tx_hash = transaction_hash(raw)
        self._chain()
        if tx_hash in self._receipts or raw in self._pending.values():
            return tx_hash
        self._take(raw, at)
        self._taken.append((raw, at))
        return tx_hash

    def receipt(self, tx_hash: str) -> ChainReceipt | None:
        """The receipt, None while the transaction is not in a block."""
        self._chain()
        return self._receipts.get(tx_hash)

    def balance(self, address: str) -> int:
        """Balance in wei after the newest block."""
        return int(self._state().get_balance(_account(address)))

    def nonce(self, address: str) -> int:
        """The nonce of the next transaction of `address`."""
        return int(self._state().get_nonce(_account(address)))

    def code(self, address: str) -> bytes:
        """The contract at an address, empty if there is none."""
        return bytes(self._state().get_code(_account(address)))

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the newest block."""
        header = self._chain().get_canonical_head()
        return int(header.block_number), to_hex(header.hash)

    def fill(self, second: int) -> None:
        """Mine an empty block of that time, unless the chain has come as far: a slot in which nobody paid."""
        if second > self.header(self.head[0]).timestamp:
            self._empty(second)
            self._taken.append((b"", Instant(second * SECOND)))

    def header(self, number: int) -> Any:
        """py-evm's header of block `number`; `Refused` if there is none."""
        chain = self._chain()
        if not 0 <= number <= int(chain.get_canonical_head().block_number):
            raise _refused(f"there is no block {number}")
        return chain.get_canonical_block_header_by_number(number)

    def time_of(self, number: int) -> Instant:
        """When block `number` came."""
        return Instant(int(self.header(number).timestamp) * SECOND)

    def raw_header(self, number: int) -> bytes:
        """The header's RLP: its Keccak-256 is the block's hash."""
        import rlp

        return bytes(rlp.encode(self.header(number)))

    def raw_transactions(self, number: int) -> list[bytes]:
        """The block's transactions (EIP-2718)."""
        self.header(number)
        return [bytes(each.encode()) for each in self._chain().get_canonical_block_by_number(number).transactions]

    def raw_receipts(self, number: int) -> list[bytes]:
        """The block's receipts (EIP-2718)."""
        header, chain = self.header(number), self._chain()
        builder = chain.get_vm(header).get_receipt_builder()
        return [bytes(each.encode()) for each in chain.chaindb.get_receipts(header, builder)]

    def account(self, address: str, number: int) -> tuple[Any, list[bytes]]:
        """py-evm's account (nonce, balance, storage_root, code_hash) after block `number`, and its proof's nodes."""
        import rlp
        from eth.rlp.accounts import Account
        from eth_hash.auto import keccak
        from trie import HexaryTrie

        header = self.header(number)
        tree: Any = HexaryTrie(self._chain().chaindb.db, header.state_root)
        key = keccak(_account(address))
        raw = tree.get(key)
        return rlp.decode(raw, Account) if raw else Account(), [rlp.encode(node) for node in tree.get_proof(key)]

    def storage(self, root: bytes, slots: list[int]) -> list[tuple[int, list[bytes]]]:
        """Value and proof of each slot under an account's storage root."""
        import rlp
        from eth_hash.auto import keccak
        from trie import HexaryTrie

        tree: Any = HexaryTrie(self._chain().chaindb.db, root)
        found = []
        for slot in slots:
            key = keccak(slot.to_bytes(32, "big"))
            raw = tree.get(key)
            value = int.from_bytes(rlp.decode(raw), "big") if raw else 0
            found.append((value, [rlp.encode(node) for node in tree.get_proof(key)]))
        return found

    def __getstate__(self) -> dict[str, Any]:
        kept = ("chain_id", "funded", "genesis", "slot_s", "chance", "taken")
        return {name: getattr(self, f"_{name}") for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._chain_id, self._funded, self._genesis = state["chain_id"], state["funded"], state["genesis"]
        self._slot_s, self._chance = state["slot_s"], state["chance"]
        self._taken = list(state["taken"])
        self._reset()

    # -------------------------------------------------------------------------------------------- the EVM

    def _chain(self) -> Any:
        """The EVM, made on first use and brought to where the accepted transactions lead."""
        if self._evm is None:
            self._evm = _new_evm(self._chain_id, self._funded, self._genesis)
            for raw, at in self._taken:
                self._take(raw, at) if raw else self._empty(at // SECOND)
        return self._evm

    def _state(self) -> Any:
        chain = self._chain()
        return chain.get_vm(chain.header).state

    def _take(self, raw: bytes, at: Instant) -> None:
        transaction = self._decode(raw)
        sender = bytes(transaction.sender)
        expected = int(self._state().get_nonce(sender))
        if transaction.nonce > expected:
            if len(self._pending) >= MAX_PENDING:
                raise _refused(f"{MAX_PENDING} transactions wait already")
            self._pending.setdefault((sender, int(transaction.nonce)), raw)
            return
        self._mine(transaction, raw, at)
        while (following := self._pending.pop((sender, expected := expected + 1), None)) is not None:
            try:
                self._mine(self._decode(following), following, at)
            except Refused:
                return  # it was valid bytes but cannot be paid for now: dropped, as a node's pool drops it

    def _decode(self, raw: bytes) -> Any:
        if not 0 < len(raw) <= MAX_TRANSACTION_BYTES:
            raise _refused(f"a transaction of {len(raw)} bytes, at most {MAX_TRANSACTION_BYTES} allowed")
        chain = self._chain()
        try:
            transaction = chain.get_vm(chain.header).get_transaction_builder().decode(raw)
            transaction.validate()
            transaction.check_signature_validity()
            assert transaction.sender
        except Exception as error:  # py-evm, rlp and eth-keys raise many unrelated types for malformed bytes
            raise _refused(f"{type(error).__name__}: {str(error)[:160]}") from None
        if transaction.chain_id not in (None, self._chain_id):
            raise _refused(f"signed for chain {transaction.chain_id}, this is {self._chain_id}")
        return transaction

    def _mine(self, transaction: Any, raw: bytes, at: Instant) -> None:
        from eth.exceptions import PyEVMError
        from eth_utils.exceptions import ValidationError

        chain = self._chain()
        self._begin(self._second(at))
        try:
            with kept_recursion_limit(EVM_RECURSION):
                result, receipts, _ = chain.mine_all([transaction])
        except (PyEVMError, ValidationError) as error:
            raise _refused(str(error)[:200]) from None
        status = receipts[0].state_root  # since EIP-658 this field holds the status: b"\x01" or b""
        block = result.imported_block
        used = int(receipts[0].gas_used)
        self._receipts[transaction_hash(raw)] = ChainReceipt(int(status == b"\x01"), int(block.number), used)

    def _empty(self, second: int) -> None:
        self._begin(second)
        self._chain().mine_all([])

    def _begin(self, second: int) -> None:
        """The next block's header, of that time."""
        chain = self._chain()
        mix = sha256(self._chance + second.to_bytes(8, "big")).digest() if self._chance else bytes(32)
        parent = chain.get_canonical_head()
        chain.header = chain.create_header_from_parent(parent, timestamp=second, mix_hash=mix)

    def _second(self, at: Instant) -> int:
        """When the block is that takes what arrives at `at`."""
        parent = int(self._chain().get_canonical_head().timestamp)
        if not self._slot_s:
            return max(at // SECOND, parent + 1)
        since = max(at - self._genesis, 0) // SECOND
        return int(max(self._genesis // SECOND + (since // self._slot_s + 1) * self._slot_s, parent + self._slot_s))


def _new_evm(chain_id: int, funded: dict[str, int], genesis: Instant) -> Any:
    with kept_recursion_limit():
        from eth.chains.base import MiningChain
        from eth.constants import ZERO_ADDRESS
        from eth.db.atomic import AtomicDB
        from eth.vm.forks.prague import PragueVM

    configured: Any = MiningChain.configure(__name__="InProcess", vm_configuration=((0, PragueVM),), chain_id=chain_id)
    params = {
        "difficulty": 0,
        "gas_limit": GENESIS_GAS_LIMIT,
        "coinbase": ZERO_ADDRESS,
        "timestamp": genesis // SECOND,
        "base_fee_per_gas": GENESIS_BASE_FEE_WEI,
    }
    state = {
        _account(address): {"balance": wei, "nonce": 0, "code": b"", "storage": {}} for address, wei in funded.items()
    }
    return configured.from_genesis(AtomicDB(), params, state)


def _account(address: str) -> bytes:
    return from_hex(checksum_address(address), 20)


def _refused(text: str) -> Refused:
    return Refused(Why(ok=False, rule="chain", text=text))


class JsonRpcChain:
    """Any Ethereum node by its JSON-RPC over HTTP(S): anvil, geth, a provider.

    A call blocks for up to `timeout_s` between two bytes of the answer. Under `live` that holds the loop as a job that
    is being executed does: the mission's clock waits, and how late that made things is reported.
    """

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise DataError("chain url", url, "write http://… or https://…")
        self.url, self.timeout_s = url, timeout_s

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return _number(self._call("eth_chainId"))

    def send_raw_transaction(self, raw: bytes, at: Instant) -> str:
        """Hand the transaction to the node (which has its own clock: `at` is not used); its hash."""
        expected = transaction_hash(raw)
        try:
            answer = self._call("eth_sendRawTransaction", to_hex(raw))
        except Refused as no:
            if "already known" in str(no) or "already imported" in str(no):
                return expected
            if self.receipt(expected) is not None:  # "nonce too low", because these very bytes are in a block
                return expected
            raise
        if answer != expected:
            raise RemoteProtocolError("json-rpc", f"the node names {answer!r:.80} what hashes to {expected}")
        return expected

    def receipt(self, tx_hash: str) -> ChainReceipt | None:
        """The receipt, None while the transaction is not in a block."""
        answer = self._call("eth_getTransactionReceipt", tx_hash)
        if answer is None:
            return None
        if not isinstance(answer, dict):
            raise RemoteProtocolError("json-rpc", "a receipt is an object or null")
        numbers = (_number(answer.get(name)) for name in ("status", "blockNumber", "gasUsed"))
        return ChainReceipt(*numbers)

    def balance(self, address: str) -> int:
        """Balance in wei at the newest block."""
        return _number(self._call("eth_getBalance", checksum_address(address), "latest"))

    def nonce(self, address: str) -> int:
        """The nonce of the next transaction of `address`."""
        return _number(self._call("eth_getTransactionCount", checksum_address(address), "latest"))

    def _call(self, method: str, *params: object) -> object:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
                answer = response.read(MAX_ANSWER_BYTES + 1)
        except (OSError, ValueError, HTTPException) as error:
            # URLError, timeouts and refused connections are OSErrors; an answer that is no HTTP is neither
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            told = f"{type(error).__name__}: {error}" if isinstance(error, HTTPException) else str(error)
            raise Unreachable(f"{self.url}: {told[:MAX_TOLD]}") from None
        return _result(answer)


def _result(answer: bytes) -> object:
    if len(answer) > MAX_ANSWER_BYTES:
        raise RemoteProtocolError("json-rpc", f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    if _depth(answer) > MAX_ANSWER_DEPTH:
        raise RemoteProtocolError("json-rpc", f"an answer nested deeper than {MAX_ANSWER_DEPTH}")
    try:
        value = json.loads(answer)
    except ValueError:
        raise RemoteProtocolError("json-rpc", "the answer is no JSON") from None
    if not isinstance(value, dict) or ("result" not in value and "error" not in value):
        raise RemoteProtocolError("json-rpc", "the answer has neither result nor error")
    if value.get("error") is not None:
        error = value["error"]
        raise _refused(str(error.get("message", error) if isinstance(error, dict) else error)[:200])
    return value.get("result")


def _depth(answer: bytes) -> int:
    """How deep brackets nest (those inside text counted too: no honest answer comes near the limit)."""
    depth = deepest = 0
    for bracket in _BRACKETS.finditer(answer):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _number(value: object) -> int:
    """A JSON-RPC quantity, at most 256 bits."""
    if isinstance(value, str) and value.startswith("0x") and 2 < len(value) <= 66:
        try:
            return int(value, 16)
        except ValueError:
            pass
    raise RemoteProtocolError("json-rpc", f"{value!r:.80} is no quantity")
