"""The JSON-RPC door between a station and the chain: real requests in, real answers out.

Only what a courier needs is let through. With the in-process chain, the satellite's address is funded when it becomes
known: a private chain has no faucet but its genesis.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orbitalcloud.core import Instant, ProtocolError, Refused, Unreachable, from_hex
from orbitalcloud.twin.chain import Chain, InProcessChain, JsonRpcChain

MAX_REQUEST_BYTES = 300_000


class Gateway:
    """One chain, made when first used: `url` is `in-process` or an HTTP address."""

    def __init__(self, url: str, chain_id: int, funded_wei: int, genesis: Instant) -> None:
        self.url, self.chain_id, self.funded_wei, self.genesis = url, chain_id, funded_wei, genesis
        self._addresses: list[str] = []
        self._chain: Chain | None = None

    def fund(self, address: str) -> None:
        """Give an address its coins in the genesis of the in-process chain; a real chain has its own ways."""
        if self.url == "in-process" and self._chain is None:
            self._addresses.append(address)

    @property
    def chain(self) -> Chain:
        """The chain behind the door."""
        if self._chain is None:
            if self.url == "in-process":
                funded = dict.fromkeys(self._addresses, self.funded_wei)
                self._chain = InProcessChain(self.chain_id, funded, self.genesis)
            else:
                self._chain = JsonRpcChain(self.url)
        return self._chain

    def request(self, frame: bytes, at: Instant) -> bytes:
        """Answer a JSON-RPC request; what the chain refuses is an `error` member, never an exception."""
        call = _parse(frame)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id", "")}
        try:
            answer["result"] = self._result(call, at)
        except (Refused, ProtocolError) as error:
            answer["error"] = {"code": -32000, "message": str(error)}
        except Unreachable as error:
            answer["retry"] = str(error)
        return msgspec.json.encode(answer)

    def _result(self, call: dict[str, Any], at: Instant) -> object:
        match call:
            case {"method": "eth_sendRawTransaction", "params": [str(raw)]}:
                return self.chain.send_raw_transaction(from_hex(raw), at)
            case {"method": "eth_getTransactionReceipt", "params": [str(name)]}:
                receipt = self.chain.receipt(name)
                if receipt is None:
                    return None
                numbers = {
                    "status": receipt.status,
                    "blockNumber": receipt.block_number,
                    "gasUsed": receipt.gas_used,
                }
                return {key: hex(value) for key, value in numbers.items()}
        raise ProtocolError(f"the gateway does not pass {call.get('method')!r}")


def _parse(frame: bytes) -> dict[str, Any]:
    assert len(frame) <= MAX_REQUEST_BYTES, "our own station asks short questions"
    call = msgspec.json.decode(frame)
    assert isinstance(call, dict), "our own station speaks JSON-RPC"
    return call
