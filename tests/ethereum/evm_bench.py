"""A bare EVM (py-evm, Prague) for tests of contracts: messages without transactions, a clock and a mix we choose."""

from __future__ import annotations

from typing import Any

from eth_abi import decode
from eth_hash.auto import keccak
from eth_keys import keys

from orbitalcloud.ethereum.contracts import Contract
from orbitalcloud.ethereum.recursion import kept_recursion_limit

CHAIN_ID = 31337
START = 1_790_000_000
GAS = 10_000_000


class RevertedError(Exception):
    """A call that the contract refused, with its reason."""


def account(number: int) -> str:
    """An address without a key in this test."""
    return "0x" + bytes(keccak(b"account %d" % number))[:20].hex()


class Key:
    """A secp256k1 key of a test."""

    def __init__(self, number: int) -> None:
        self._key = keys.PrivateKey(bytes(keccak(b"key %d" % number)))
        self.address = self._key.public_key.to_checksum_address().lower()

    def sign(self, digest: bytes) -> tuple[int, int, int]:
        """(v, r, s)"""
        made = self._key.sign_msg_hash(digest)
        return made.v + 27, made.r, made.s


class Evm:
    """One state, moved by `call`."""

    def __init__(self) -> None:
        with kept_recursion_limit():
            from eth.chains.base import MiningChain
            from eth.constants import ZERO_ADDRESS
            from eth.db.atomic import AtomicDB
            from eth.vm.forks.prague import PragueVM

        made: Any = MiningChain.configure(__name__="Bench", vm_configuration=((0, PragueVM),), chain_id=CHAIN_ID)
        params = {"difficulty": 0, "gas_limit": 30_000_000, "coinbase": ZERO_ADDRESS, "timestamp": START}
        chain = made.from_genesis(AtomicDB(), {**params, "base_fee_per_gas": 10**9}, {})
        self._state = chain.get_vm(chain.header).state
        self._context = self._state.execution_context
        self.now, self.mix = START, bytes(32)
        self._made = 0
        self.logs: list[tuple[bytes, list[bytes], bytes]] = []
        self.gas_used = 0

    def fund(self, address: str, wei: int) -> None:
        """Ether out of nothing."""
        self._state.delta_balance(bytes.fromhex(address[2:]), wei)

    def balance(self, address: str) -> int:
        """Wei of an account."""
        return int(self._state.get_balance(bytes.fromhex(address[2:])))

    def deploy(self, contract: Contract, *arguments: object, sender: str = account(0)) -> str:
        """The address of a new contract."""
        from eth.vm.message import Message

        self._made += 1
        place = bytes(keccak(b"contract %d" % self._made))[:20]
        message = Message(
            gas=GAS,
            to=b"",
            sender=bytes.fromhex(sender[2:]),
            value=0,
            data=b"",
            code=contract.deploy(*arguments),
            create_address=place,
        )
        self._apply(message, "apply_create_message", sender)
        return "0x" + place.hex()

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> bytes:
        """The answer; `RevertedError` with its reason. State stays as it was on a revert."""
        from eth.vm.message import Message

        place = bytes.fromhex(to[2:])
        message = Message(
            gas=GAS,
            to=place,
            sender=bytes.fromhex(sender[2:]),
            value=value,
            data=data,
            code=self._state.get_code(place),
        )
        return self._apply(message, "apply_message", sender)

    def _apply(self, message: Any, how: str, sender: str) -> bytes:
        context = self._context
        context._timestamp, context._mix_hash = self.now, self.mix
        made = self._state.get_transaction_context_class()(gas_price=0, origin=bytes.fromhex(sender[2:]))
        with kept_recursion_limit(12_288):
            done = getattr(self._state.computation_class, how)(self._state, message, made)
        self._state.lock_changes()
        self.gas_used = GAS - done.get_gas_remaining()
        if done.is_error:
            output = bytes(done.output)
            reason = decode(["string"], output[4:])[0] if output[:4] == bytes.fromhex("08c379a0") else repr(done.error)
            raise RevertedError(reason)
        self.logs = [(a, [t.to_bytes(32, "big") for t in topics], data) for a, topics, data in done.get_log_entries()]
        return bytes(done.output)
