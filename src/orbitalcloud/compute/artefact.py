"""An artefact: the code of a job as bytes with a name. The kind is read from the bytes, never from a file name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orbitalcloud.core.encoding import digest_of
from orbitalcloud.core.errors import DataError

Kind = Literal["onnx", "wasm", "pipeline"]

PIPELINE_MAGIC = b"OPL1"

MAX_ONNX_BYTES = 256 * 2**20
"""Six times the packaged U-Net (40 MB), more than a small satellite's accelerator holds; protobuf ends at 2 GiB."""

MAX_WASM_BYTES = 8 * 2**20
"""Compiling is not metered by fuel, so what is compiled is bounded; modules for the packaged jobs have a few kB."""

_WASM_MAGIC = b"\0asm"
_WASM_VERSION_1 = b"\x01\0\0\0"
_KNOWN_FORMATS = (
    (b"PK\x03\x04", "a ZIP archive (a PyTorch or Keras file?)"),
    (b"\x89HDF", "an HDF5 file (Keras?)"),
    (b"\x80", "a Python pickle"),
    (b"\x7fELF", "a native program"),
    (b"GGUF", "a GGUF language model"),
    (b"#!", "a script"),
)


@dataclass(frozen=True, slots=True)
class Artefact:
    """`data` of `kind`, known everywhere by its `digest`; equal when the digests are."""

    kind: Kind
    data: bytes
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", digest_of(self.data))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Artefact) and self.digest == other.digest

    def __hash__(self) -> int:
        return int(self.digest[-15:], 16)

    def __repr__(self) -> str:
        return f"Artefact({self.kind}, {len(self.data)} bytes, {self.digest[:19]}…)"

    @classmethod
    def of(cls, data: bytes, place: str = "artefact") -> Artefact:
        """Recognise the bytes of a model, a module or a pipeline of them.

        Raises `DataError` at `place` (a file's name, a job's name) saying what the bytes are instead, if they are too
        large, or if they ask for what a satellite does not give (see `onnx_graph.check_model`).
        """
        if data[:4] == _WASM_MAGIC:
            _check_wasm(data, place)
            return cls("wasm", data)
        if data[:4] == PIPELINE_MAGIC:
            from orbitalcloud.compute.pipeline import parse_pipeline

            parse_pipeline(data, place)
            return cls("pipeline", data)
        return cls("onnx", data, _check_onnx(data, place))


def _check_wasm(data: bytes, place: str) -> None:
    if len(data) > MAX_WASM_BYTES:
        raise DataError(place, f"{len(data)} bytes", f"a WASM module may have {MAX_WASM_BYTES} bytes")
    if data[4:8] != _WASM_VERSION_1:
        raise DataError(place, data[4:8].hex(), "give a core WebAssembly module of version 1, not a component")
    from orbitalcloud.compute.wasm_runtime import check_module

    check_module(data, place)


def _check_onnx(data: bytes, place: str) -> str:
    """The digest, if `data` is a model that a satellite may run."""
    if not data:
        raise DataError(place, "0 bytes", "give the bytes of an ONNX model or a WASM module")
    if len(data) > MAX_ONNX_BYTES:
        raise DataError(place, f"{len(data)} bytes", f"an ONNX model may have {MAX_ONNX_BYTES} bytes")
    for magic, name in _KNOWN_FORMATS:
        if data.startswith(magic):
            raise DataError(place, name, "neither an ONNX model nor a WASM module: export the model to ONNX")
    from orbitalcloud.compute.onnx_graph import model_of

    try:
        artefact = Artefact("onnx", data)
        model_of(artefact)
        return artefact.digest
    except DataError as error:
        raise DataError(place, error.value, error.remedy) from None
