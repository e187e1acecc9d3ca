"""The door between a station and the chain: real JSON-RPC requests in, one or a batch, real answers out.

Only what a courier needs is let through. With the in-process chain, the satellite's address is funded when it becomes
known (a private chain has no faucet but its genesis), and a beacon chain stands behind the same door: its light-client
data is asked for as `beacon_…` methods, which a REST beacon node has as `/eth/v1/beacon/light_client/…`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orbitalcloud.core import Instant, ProtocolError, Refused, RemoteProtocolError, Unreachable, from_hex, to_hex
from orbitalcloud.ethereum import rlp
from orbitalcloud.twin.chain import Chain, InProcessChain, JsonRpcChain
from orbitalcloud.twin.devnet import SLOT_S, DevBeacon
from orbitalcloud.twin.founding import FOUNDER_WEI, Founding

MAX_REQUEST_BYTES = 300_000


class Gateway:
    """One chain, made when first used: `url` is `in-process` or an HTTP address; `beacon` leads the in-process one."""

    def __init__(
        self,
        url: str,
        chain_id: int,
        funded_wei: int,
        genesis: Instant,
        beacon: DevBeacon | None = None,
        founding: Founding | None = None,
    ) -> None:
        self.url, self.chain_id, self.funded_wei, self.genesis = url, chain_id, funded_wei, genesis
        self.beacon, self.founding = beacon, founding
        self._wallets: dict[str, str] = {}
        self._addresses: list[str] = []
        self._chain: Chain | None = None

    def fund(self, address: str, node: str = "") -> None:
        """Give an address its coins in the genesis of the in-process chain; a real chain has its own ways. Whose wallet
        it is, is known to who founds contracts."""
        if self.url == "in-process" and self._chain is None:
            self._addresses.append(address)
            if node:
                self._wallets[node] = address

    @property
    def chain(self) -> Chain:
        """The chain behind the door."""
        if self._chain is None:
            if self.url == "in-process":
                self._chain = self._born()
            else:
                self._chain = JsonRpcChain(self.url)
        return self._chain

    def _born(self) -> InProcessChain:
        funded = dict.fromkeys(self._addresses, self.funded_wei)
        if self.beacon is None:
            return InProcessChain(self.chain_id, funded, self.genesis)
        chance = self.beacon.validators.seed.child("randao").bytes(32)
        if self.founding is not None:
            funded[self.founding.founder.address] = FOUNDER_WEI
        self.beacon.chain = InProcessChain(self.chain_id, funded, self.genesis, SLOT_S, chance)
        for raw in self.founding.transactions(self._wallets) if self.founding is not None else ():
            self.beacon.chain.send_raw_transaction(raw, self.genesis)
        return self.beacon.chain

    def request(self, frame: bytes, at: Instant) -> bytes:
        """Answer a JSON-RPC request or a batch; what the chain refuses is an `error` member, never an exception."""
        asked = _parse(frame)
        if isinstance(asked, list):
            return msgspec.json.encode([self._answer(call, at) for call in asked])
        return msgspec.json.encode(self._answer(asked, at))

    def _answer(self, call: dict[str, Any], at: Instant) -> dict[str, Any]:
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id", "")}
        try:
            answer["result"] = self._result(call, at)
        except (Refused, ProtocolError) as error:
            answer["error"] = {"code": -32000, "message": str(error)}
        except Unreachable as error:
            answer["retry"] = str(error)
        return answer

    def _result(self, call: dict[str, Any], at: Instant) -> object:
        match call:
            case {"method": "eth_sendRawTransaction", "params": [str(raw)]}:
                chain = self.chain
                if self.beacon is not None:
                    self.beacon.advance(at)
                return chain.send_raw_transaction(from_hex(raw), at)
            case {"method": "eth_getTransactionReceipt", "params": [str(name)]}:
                return self._receipt(name, at)
        if self.beacon is not None:
            assert isinstance(self.chain, InProcessChain), "a beacon leads the in-process chain"
            return _from_beacon(self.beacon, self.chain, call, at)
        raise ProtocolError(f"the gateway does not pass {call.get('method')!r}")

    def _receipt(self, name: str, at: Instant) -> object:
        receipt = self.chain.receipt(name)
        if receipt is None or (
            self.beacon is not None
            and isinstance(self.chain, InProcessChain)
            and self.chain.time_of(receipt.block_number) > at
        ):
            return None
        numbers = {
            "status": receipt.status,
            "blockNumber": receipt.block_number,
            "gasUsed": receipt.gas_used,
        }
        return {key: hex(value) for key, value in numbers.items()}


def _from_beacon(beacon: DevBeacon, chain: InProcessChain, call: dict[str, Any], at: Instant) -> object:
    """What a node with light-client data and proofs answers besides."""
    match call:
        case {"method": "beacon_lightClientUpdates", "params": [int(start), int(count)]}:
            return [to_hex(raw) for raw in beacon.updates(start, count, at)]
        case {"method": "beacon_finalityUpdate", "params": []}:
            return to_hex(beacon.finality_update(at))
        case {"method": "eth_getProof", "params": [str(address), list(slots), str(number)]}:
            return _eip1186(chain, address, [_height(str(slot)) for slot in slots], _height(number))
        case {"method": "debug_getRawHeader", "params": [str(number)]}:
            return to_hex(chain.raw_header(_height(number)))
        case {"method": "debug_getRawBlock", "params": [str(number)]}:
            height = _height(number)
            header = rlp.decode(chain.raw_header(height))
            listed = [raw if raw[0] < 0x80 else rlp.decode(raw) for raw in chain.raw_transactions(height)]
            return to_hex(rlp.encode([header, listed, [], []]))
        case {"method": "debug_getRawReceipts", "params": [str(number)]}:
            return [to_hex(raw) for raw in chain.raw_receipts(_height(number))]
    raise ProtocolError(f"the gateway does not pass {call.get('method')!r}")


def _eip1186(chain: InProcessChain, address: str, slots: list[int], number: int) -> dict[str, Any]:
    account, nodes = chain.account(address, number)
    storage = chain.storage(bytes(account.storage_root), slots)
    return {
        "address": address.lower(),
        "accountProof": [to_hex(node) for node in nodes],
        "balance": hex(account.balance),
        "codeHash": to_hex(bytes(account.code_hash)),
        "nonce": hex(account.nonce),
        "storageHash": to_hex(bytes(account.storage_root)),
        "storageProof": [
            {"key": hex(slot), "value": hex(value), "proof": [to_hex(node) for node in path]}
            for slot, (value, path) in zip(slots, storage, strict=True)
        ],
    }


def _height(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise RemoteProtocolError("json-rpc", f"{text!r:.40} is no number") from None


def _parse(frame: bytes) -> dict[str, Any] | list[dict[str, Any]]:
    assert len(frame) <= MAX_REQUEST_BYTES, "our own station asks short questions"
    asked = msgspec.json.decode(frame)
    assert isinstance(asked, dict | list), "our own station speaks JSON-RPC"
    return asked
