"""Checkpoints: the whole carrier as bytes, and back, so that an unbroken and a resumed flight end the same.

What follows from the mission (contact plan, models, settings) is named, not stored. Before it stand the length and the
SHA-256 of the Log that it continues (`seal`, `unseal`).

Unpickling admits classes of the layers that a carrier is made of, and the few functions in `_KNOWN`; nothing by a
dotted name, nothing that those modules only import, and none of numpy: an array is stored as its numbers, for numpy's
own way back would build arrays of pointers from a file's bytes.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.compute import Artefact
from orbitalcloud.core import DataError
from orbitalcloud.mission import Loaded
from orbitalcloud.network import ContactPlan
from orbitalcloud.node import SatelliteConfig, StationConfig
from orbitalcloud.twin import world
from orbitalcloud.twin.build import Fleet
from orbitalcloud.twin.carrier import Carrier

_OURS = "orbitalcloud."
_LAYERS = frozenset({"core", "compute", "ethereum", "network", "node", "physics", "planning", "twin"})
_SHUT = frozenset({"orbitalcloud.twin.checkpoint", "orbitalcloud.twin.flight", "orbitalcloud.twin.folder"})
"""Modules of those layers whose classes write files: no part of a carrier."""

_NUMBERS = re.compile(r"[<|=>]([biu][1248]|b1|f[248])")
_HEAD_BYTES = 8 + 32
_FLY_ANEW = "the checkpoint is damaged: fly it anew"


# Arrays -------------------------------------------------------------------------------------------------------------


def _array(kind: str, shape: tuple[int, ...], order: str, data: bytes) -> NDArray[Any]:
    """An array of plain numbers; numpy checks that `data` is as long as `shape` says."""
    if not _NUMBERS.fullmatch(kind) or order not in ("C", "F"):
        raise pickle.UnpicklingError(f"a checkpoint has no use for arrays of {kind!r}")
    return np.frombuffer(data, np.dtype(kind)).reshape(shape, order="F" if order == "F" else "C").copy(order="K")


def _number(kind: str, data: bytes) -> Any:
    return _array(kind, (1,), "C", data)[0]


def _reduce_array(array: NDArray[Any]) -> tuple[object, ...]:
    assert _NUMBERS.fullmatch(array.dtype.str), f"a carrier keeps plain numbers, not {array.dtype}"
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return _array, (array.dtype.str, array.shape, order, array.tobytes("F" if order == "F" else "C"))


def _reduce_number(number: np.generic) -> tuple[object, ...]:
    return _number, (number.dtype.str, number.tobytes())


_REDUCERS: dict[type, Any] = {np.ndarray: _reduce_array}
_REDUCERS |= {np.dtype(code).type: _reduce_number for code in "?bBhHiIlLqQefd"}


# Pickling -----------------------------------------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, fleet: Fleet) -> None:
        super().__init__(file, protocol=5)
        self._fleet = fleet
        self.dispatch_table = copyreg.dispatch_table | _REDUCERS

    def persistent_id(self, item: Any) -> tuple[str, str] | None:
        match item:
            case Loaded() | Fleet():
                return type(item).__name__, ""
            case ContactPlan() if item is self._fleet.plan:  # one that a node amended is its own
                return type(item).__name__, ""
            case SatelliteConfig() | StationConfig():
                return "config", item.name
            case Artefact() if item.digest in self._fleet.artefacts:
                return "artefact", item.digest
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, fleet: Fleet) -> None:
        super().__init__(file)
        self._fleet = fleet

    def persistent_load(self, name: tuple[str, str]) -> Any:
        match name:
            case ("Loaded", _):
                return self._fleet.loaded
            case ("Fleet", _):
                return self._fleet
            case ("ContactPlan", _):
                return self._fleet.plan
            case ("config", who):
                return self._fleet.configs[who]
            case ("artefact", digest):
                return self._fleet.artefacts[digest]
        raise pickle.UnpicklingError(f"unknown name {name!r}")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        layer = module.removeprefix(_OURS).partition(".")[0]
        if module.startswith(_OURS) and layer in _LAYERS and module not in _SHUT and "." not in name:
            found = super().find_class(module, name)
            if _is_ours(found) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"a checkpoint has no use for {module}.{name}")


def _is_ours(thing: object) -> bool:
    return isinstance(thing, type) and thing.__module__.startswith(_OURS)


def _class_method(owner: Any, name: Any) -> Any:
    """How a constructor such as `Wallet.from_bytes` is pickled, and an Enum's member by some Pythons: a public
    classmethod that the class itself defines, or a member; nothing else."""
    if _is_ours(owner) and isinstance(name, str) and not name.startswith("_"):
        if isinstance(vars(owner).get(name), classmethod):
            return getattr(owner, name)
        if issubclass(owner, Enum) and name in owner.__members__:
            return owner[name]
    raise pickle.UnpicklingError(f"a checkpoint has no use for {owner!r}.{name}")


def _struct(owner: Any, fields: Any) -> Any:
    """How a Struct with keyword-only fields is pickled."""
    if not _is_ours(owner) or not isinstance(fields, dict):
        raise pickle.UnpicklingError(f"a checkpoint has no use for {owner!r}")
    return owner(**fields)


_KNOWN: dict[tuple[str, str], Any] = {
    ("builtins", "getattr"): _class_method,
    ("msgspec._core", "rebuild"): _struct,
    ("collections", "deque"): deque,
    ("collections", "OrderedDict"): OrderedDict,
    (world.__name__, "_restore"): world._restore,
    (__name__, "_array"): _array,
    (__name__, "_number"): _number,
    **{("builtins", kind.__name__): kind for kind in (set, frozenset, bytearray, complex, slice, range)},
}


def freeze(carrier: Carrier, fleet: Fleet) -> bytes:
    """The carrier's bytes."""
    file = io.BytesIO()
    _Pickler(file, fleet).dump(carrier)
    return file.getvalue()


def thaw(data: bytes, fleet: Fleet, place: str) -> Carrier:
    """The carrier that `freeze` wrote for the same mission; `DataError` if the bytes are not that."""
    try:
        carrier = _Unpickler(io.BytesIO(data), fleet).load()
    except Exception as error:  # a damaged pickle raises nearly anything
        raise DataError(place, f"{len(data)} bytes", f"the checkpoint is damaged ({error}): fly again") from None
    if not isinstance(carrier, Carrier):
        raise DataError(place, type(carrier).__name__, "this is no flight's checkpoint: fly again")
    return carrier


# What stands before it ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """A checkpoint's parts: the Log that it continues, by length and digest, and the frozen carrier."""

    log_bytes: int
    log_digest: str
    frozen: bytes


def seal(log_bytes: int, log_digest: str, frozen: bytes) -> bytes:
    """A checkpoint's bytes."""
    return log_bytes.to_bytes(8, "big") + bytes.fromhex(log_digest.removeprefix("sha256:")) + frozen


def unseal(data: bytes, place: str) -> Sealed:
    """The parts of a checkpoint; `DataError` if it is too short to have them."""
    if len(data) <= _HEAD_BYTES:
        raise DataError(place, f"{len(data)} bytes", _FLY_ANEW)
    return Sealed(int.from_bytes(data[:8], "big"), f"sha256:{data[8:_HEAD_BYTES].hex()}", data[_HEAD_BYTES:])
