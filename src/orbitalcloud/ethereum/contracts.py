"""The contracts as packaged: how to deploy them, call them, and read what they say.

    REGISTRY.deploy(least_stake, delay)              # init code for a transaction without `to`
    SETTLEMENT.call("pay", job)                      # call data
    SETTLEMENT.result("credit", answer)              # Python values of an answer
    SETTLEMENT.events(logs)                          # [(address, "JobPaid", {...}), …]

Sources are data/contracts/*.vy, compiled by tools/make_contracts.py; only their ABI and bytecode are used here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import msgspec
from eth_hash.auto import keccak

from orbitalcloud.core import DataError, RemoteProtocolError

MAX_ANSWER_BYTES = 1 << 16


class _Artefact(msgspec.Struct, frozen=True):
    compiler: str
    source_sha256: str
    abi: list[dict[str, Any]]
    bytecode: str


@dataclass(frozen=True)
class Contract:
    """One packaged contract."""

    name: str

    @cached_property
    def _artefact(self) -> _Artefact:
        place = files("orbitalcloud") / "data" / "contracts" / f"{self.name}.json"
        return msgspec.json.decode(place.read_bytes(), type=_Artefact)

    @property
    def source_sha256(self) -> str:
        """SHA-256 of the source that the packaged bytecode was compiled from."""
        return self._artefact.source_sha256

    @cached_property
    def _entries(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(entry["type"], entry.get("name", "")): entry for entry in self._artefact.abi}

    def deploy(self, *arguments: object) -> bytes:
        """Init code: bytecode and encoded constructor arguments."""
        types = _types(self._entries[("constructor", "")]["inputs"])
        return bytes.fromhex(self._artefact.bytecode.removeprefix("0x")) + _encode(self.name, types, arguments)

    def call(self, function: str, *arguments: object) -> bytes:
        """Call data of a function."""
        entry = self._function(function)
        types = _types(entry["inputs"])
        selector = keccak(f"{function}({','.join(types)})".encode())[:4]
        return bytes(selector) + _encode(f"{self.name}.{function}", types, arguments)

    def result(self, function: str, answer: bytes) -> tuple[Any, ...]:
        """The values of an answer; `RemoteProtocolError('abi')` if it is none."""
        types = _types(self._function(function)["outputs"])
        return _decode(f"{self.name}.{function}", types, answer)

    @cached_property
    def _events(self) -> dict[bytes, dict[str, Any]]:
        return {
            bytes(keccak(f"{name}({','.join(_types(entry['inputs']))})".encode())): entry
            for (kind, name), entry in self._entries.items()
            if kind == "event"
        }

    def events(self, logs: Iterable[tuple[bytes, Sequence[bytes], bytes]]) -> list[tuple[bytes, str, dict[str, Any]]]:
        """(address, event, fields) of each log (address, topics, data) that is one of this contract's events."""
        found = []
        for address, topics, data in logs:
            entry = self._events.get(bytes(topics[0])) if topics else None
            if entry is not None:
                found.append((bytes(address), str(entry["name"]), _event_fields(entry, topics[1:], data)))
        return found

    def _function(self, name: str) -> dict[str, Any]:
        entry = self._entries.get(("function", name))
        if entry is None:
            known = sorted(known for kind, known in self._entries if kind == "function")
            raise DataError(f"contract {self.name}", name, f"it has {', '.join(known)}")
        return entry


def _types(inputs: Sequence[dict[str, Any]]) -> list[str]:
    return [_type(one) for one in inputs]


def _type(one: dict[str, Any]) -> str:
    kind = str(one["type"])
    if kind.startswith("tuple"):
        return f"({','.join(_types(one['components']))}){kind.removeprefix('tuple')}"
    return kind


def _encode(place: str, types: list[str], arguments: Sequence[object]) -> bytes:
    from eth_abi.abi import encode
    from eth_abi.exceptions import EncodingError

    if len(types) != len(arguments):
        raise DataError(place, f"{len(arguments)} arguments", f"it takes ({', '.join(types)})")
    try:
        return bytes(encode(types, list(arguments)))
    except (EncodingError, TypeError, ValueError) as error:
        raise DataError(place, " ".join(str(error).split())[:160], f"it takes ({', '.join(types)})") from None


def _decode(place: str, types: list[str], data: bytes) -> tuple[Any, ...]:
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    if len(data) > MAX_ANSWER_BYTES:
        raise RemoteProtocolError("abi", f"{place}: {len(data)} bytes, at most {MAX_ANSWER_BYTES}")
    try:
        return tuple(decode(types, bytes(data)))
    except (DecodingError, OverflowError, ValueError) as error:
        raise RemoteProtocolError("abi", f"{place}: {' '.join(str(error).split())[:160]}") from None


def _event_fields(entry: dict[str, Any], topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
    inputs = entry["inputs"]
    indexed = [one for one in inputs if one["indexed"]]
    plain = [one for one in inputs if not one["indexed"]]
    if len(indexed) != len(topics):
        raise RemoteProtocolError("abi", f"event {entry['name']} with {len(topics)} topics")
    values = dict(zip((one["name"] for one in plain), _decode(entry["name"], _types(plain), data), strict=True))
    for one, topic in zip(indexed, topics, strict=True):
        values[one["name"]] = _decode(entry["name"], [_type(one)], bytes(topic))[0]
    return {one["name"]: values[one["name"]] for one in inputs}


REGISTRY = Contract("registry")
SETTLEMENT = Contract("settlement")
COSIGNER = Contract("cosigner")
