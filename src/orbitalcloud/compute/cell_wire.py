"""What a node's process and the process of a runtime (a cell) say to each other: one order, one answer, framed.

A frame is a 32-bit big-endian length and that many bytes of MessagePack. The cell runs strangers' code, so its answers
are read as a stranger's: bounded by the order's own output limit before they are read, decoded straight into types.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from orbitalcloud.compute.usage import Limits, Outcome, Usage
from orbitalcloud.core.errors import RemoteProtocolError

HEAD_BYTES = 4
SAID_BYTES = 64 * 1024
"""An answer beside its output: names, readings, a sentence."""
SHARED_BYTES = 64 * 2**20
"""The memory that both map: the largest input that a bundle brings (`jobs.MAX_INPUT_BYTES`). Pages cost when used."""
MOST_ORDER_BYTES = 2**32 - 1

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Order(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="run/1"):
    """Run the artefact that was given last, or `artefact` from now on, on `data`.

    A large input is not in `data`: its first `shared_bytes` bytes lie in the memory that both processes map.
    `cpu_s` and `data_bytes` bound the process as such (RLIMIT_CPU, RLIMIT_DATA), on top of what it has used before.
    """

    data: bytes
    fuel: Count
    memory_bytes: Count
    output_bytes: Count
    operations: Count
    cpu_s: Annotated[int, Meta(ge=1, le=10**7)]
    data_bytes: Count
    kind: Literal["onnx", "wasm", "pipeline", ""] = ""
    artefact: bytes = b""
    shared_bytes: Count = 0


class Answer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="ran/1"):
    """How it ended (`Outcome`), the CPU time that it took and the memory that the process holds now."""

    output: bytes
    operations: Count
    fuel: Count
    memory_bytes: Count
    input_bytes: Count
    output_bytes: Count
    integer: bool
    failure: Annotated[str, Meta(max_length=64)]
    text: Annotated[str, Meta(max_length=1000)]
    runtime: Annotated[str, Meta(max_length=200)]
    cpu_ns: Count
    held_bytes: Count

    def outcome(self) -> Outcome:
        """As the runtimes give it."""
        usage = Usage(self.operations, self.fuel, self.memory_bytes, self.input_bytes, self.output_bytes, self.integer)
        return Outcome(self.output, usage, self.failure or None, self.text, self.runtime)


class Ready(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="ready/1"):
    """The cell's first word: its libraries are loaded, its limits are set; what it holds, before any job."""

    held_bytes: Count
    confined: Annotated[tuple[str, ...], Meta(max_length=16)]


def limits_of(order: Order) -> Limits:
    """The order's limits as the runtimes take them."""
    return Limits(order.fuel, order.memory_bytes, order.output_bytes, order.operations)


def answer_of(outcome: Outcome, cpu_ns: int, held_bytes: int) -> Answer:
    """An outcome as an answer."""
    used = outcome.usage
    return Answer(
        outcome.output,
        used.operations,
        used.fuel,
        used.memory_bytes,
        used.input_bytes,
        used.output_bytes,
        used.integer,
        outcome.failure or "",
        outcome.text[:1000],
        outcome.runtime,
        cpu_ns,
        held_bytes,
    )


def frame(message: Order | Answer | Ready) -> bytearray:
    """Length and bytes; `RemoteProtocolError('size')` for what a length cannot say."""
    data = bytearray(HEAD_BYTES)
    _PACK.encode_into(message, data, HEAD_BYTES)
    size = len(data) - HEAD_BYTES
    if size > MOST_ORDER_BYTES:
        raise RemoteProtocolError("size", f"{size} bytes for a cell, {MOST_ORDER_BYTES} at most")
    data[:HEAD_BYTES] = size.to_bytes(HEAD_BYTES, "big")
    return data


def size_of(head: bytes, most: int) -> int:
    """The length that a frame's head announces; `RemoteProtocolError('size')` beyond `most`."""
    size = int.from_bytes(head, "big")
    if size > most:
        raise RemoteProtocolError("size", f"an answer of {size} bytes, {most} allowed")
    return size


def read_order(data: bytes) -> Order:
    """An order, in the cell: from the process that started it."""
    return _ORDERS.decode(data)


def read_answer(data: bytes | bytearray) -> Answer:
    """An answer, from a process that ran a stranger's code; `RemoteProtocolError` for anything else."""
    try:
        return _ANSWERS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteProtocolError("answer-form", str(error)) from None


def read_ready(data: bytes | bytearray) -> Ready:
    """The first word; `RemoteProtocolError` for anything else."""
    try:
        return _READY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteProtocolError("answer-form", str(error)) from None


_PACK = msgspec.msgpack.Encoder()
_ORDERS = msgspec.msgpack.Decoder(Order)
_ANSWERS = msgspec.msgpack.Decoder(Answer)
_READY = msgspec.msgpack.Decoder(Ready)
