"""Checkpoints: the whole carrier as bytes, and back, so that an unbroken and a resumed flight end the same.

What follows from the mission (contact plan, models, settings) is named, not stored. Unpickling admits this package's
classes and numpy's arrays only, so that a checkpoint from elsewhere cannot run code of its own choosing.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from orbitalcloud.compute import Artefact
from orbitalcloud.core import DataError
from orbitalcloud.mission import Loaded
from orbitalcloud.network import ContactPlan
from orbitalcloud.node import SatelliteConfig, StationConfig
from orbitalcloud.twin.build import Fleet
from orbitalcloud.twin.carrier import Carrier

_BUILTINS = frozenset({"set", "frozenset", "bytearray", "complex", "slice", "range"})
_NUMPY = frozenset({"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"})


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, fleet: Fleet) -> None:
        super().__init__(file, protocol=5)
        self._fleet = fleet

    def persistent_id(self, item: Any) -> tuple[str, str] | None:
        match item:
            case Loaded() | Fleet() | ContactPlan():
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
        if (module, name) == ("builtins", "getattr"):
            return _class_method
        known = (
            module.startswith("orbitalcloud.")
            or (module == "builtins" and name in _BUILTINS)
            or (module.startswith("numpy") and name in _NUMPY)
            or (module, name)
            in {("collections", "deque"), ("collections", "OrderedDict"), ("msgspec._core", "rebuild")}
        )
        if not known:
            raise pickle.UnpicklingError(f"a checkpoint has no use for {module}.{name}")
        return super().find_class(module, name)


def _class_method(owner: Any, name: str) -> Any:
    """How a constructor such as `Wallet.from_bytes` is pickled: a public method of one of our classes, nothing else."""
    if not (isinstance(owner, type) and owner.__module__.startswith("orbitalcloud.") and not name.startswith("_")):
        raise pickle.UnpicklingError(f"a checkpoint has no use for {owner!r}.{name}")
    return getattr(owner, name)


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
