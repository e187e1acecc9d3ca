"""How large a model is, told from its bytes before any parser builds it: an operator of ten bytes becomes a kilobyte.

Walks the top two levels of the protobuf wire format (https://protobuf.dev/programming-guides/encoding/): a ModelProto's
graph (field 7) and its nodes (field 1), initializers (5) and values (11, 12, 13), numbers of onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterator

from orbitalcloud.core.errors import DataError

MAX_NODES = 100_000
MAX_VALUES = 400_000
"""Weights, inputs, outputs and declared shapes: four an operator."""
_GRAPH, _NODE, _VALUES = 7, 1, frozenset((5, 11, 12, 13))
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def check_sizes(data: bytes, place: str = "model") -> None:
    """Raise `DataError` for a model of too many operators or values. What is not protobuf is left to the parser."""
    try:
        nodes = values = 0
        for field, begin, end in _fields(data, 0, len(data)):
            if field != _GRAPH:
                continue
            for inner, _, _ in _fields(data, begin, end):
                nodes += inner == _NODE
                values += inner in _VALUES
                if nodes > MAX_NODES:
                    raise DataError(place, f"more than {MAX_NODES} operators", f"a model may have {MAX_NODES}")
                if values > MAX_VALUES:
                    raise DataError(place, f"more than {MAX_VALUES} values", f"a model may have {MAX_VALUES}")
    except (IndexError, ValueError):
        return


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field number, begin, end) of every field in [at, end); `ValueError` where the bytes are not fields."""
    while at < end:
        tag, at = _varint(data, at)
        kind, begin = tag & 7, at
        if kind == _VARINT:
            _, at = _varint(data, at)
        elif kind == _LENGTH:
            size, begin = _varint(data, at)
            at = begin + size
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("a group, or no field at all")
        if at > end:
            raise ValueError("a field that is longer than its message")
        yield tag >> 3, begin, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number of more than ten bytes")
