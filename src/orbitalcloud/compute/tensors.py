"""The wire form of tensors: NumPy's `.npy` for one, `.npz` for several by name. Never a pickle, always bounded.

Reading accepts what NumPy writes (`.npz` stored or deflated); writing has one form (`.npy` version 1.0, C order, little
endian; `.npz` entries in the given order, stored, dated 1980-01-01), so equal tensors have equal digests anywhere.
The header is parsed here, not by `numpy.load`, so that a length is checked before a byte is allocated.
Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import ast
import io
import math
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError

Tensor = NDArray[np.generic]

MAX_BYTES = 256 * 2**20
"""All tensors of one input or output together."""
MAX_TENSORS = 64
MAX_RANK = 8
SINGLE = ""
"""The name of the only tensor of a `.npy`."""

_MAGIC = b"\x93NUMPY"
_TYPES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
_MAX_HEADER = 4096


def read_tensors(data: bytes, place: str = "tensors", max_bytes: int = MAX_BYTES) -> dict[str, Tensor]:
    """Tensors by name (`SINGLE` for a `.npy`). Raises `DataError` for anything but bounded, plain numeric arrays."""
    if data.startswith(_MAGIC):
        return {SINGLE: _read_npy(data, place, max_bytes)}
    if not data.startswith(b"PK"):
        raise DataError(place, data[:8].hex(), "give one tensor as .npy or several as .npz")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_npz(archive, place, max_bytes)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(place, f"{len(data)} bytes", f"not a readable .npz: {error}") from None
    except Exception as error:  # zlib.error has no stable import-free base; the bytes are from outside either way
        if type(error).__module__ == "zlib":
            raise DataError(place, f"{len(data)} bytes", f"damaged .npz: {error}") from None
        raise


def _read_npz(archive: zipfile.ZipFile, place: str, max_bytes: int) -> dict[str, Tensor]:
    entries = archive.infolist()
    if not 0 < len(entries) <= MAX_TENSORS:
        raise DataError(place, f"{len(entries)} tensors", f"give 1 to {MAX_TENSORS} tensors")
    tensors: dict[str, Tensor] = {}
    room = max_bytes
    for entry in entries:
        name = entry.filename.removesuffix(".npy")
        if name in tensors or name == SINGLE:
            raise DataError(place, entry.filename, "name each tensor once")
        with archive.open(entry) as stream:
            content = stream.read(room + _MAX_HEADER + 1)
        tensors[name] = _read_npy(content, f"{place}[{name}]", room)
        room -= tensors[name].nbytes
    return tensors


def _read_npy(data: bytes, place: str, max_bytes: int) -> Tensor:
    if data[:6] != _MAGIC or len(data) < 12 or data[6] not in (1, 2):
        raise DataError(place, data[:8].hex(), "give a .npy of version 1.0 or 2.0")
    start = 10 if data[6] == 1 else 12
    length = int.from_bytes(data[8:start], "little")
    if length > _MAX_HEADER or start + length > len(data):
        raise DataError(place, f"header of {length} bytes", "the .npy header is cut or too long")
    dtype, shape = _header(data[start : start + length], place)
    size = math.prod(shape) * dtype.itemsize
    body = len(data) - start - length
    if size > max_bytes:
        raise DataError(place, f"{size} bytes", f"tensors may take {max_bytes} bytes here")
    if size != body:
        raise DataError(place, f"{body} bytes of data", f"the shape {shape} of {dtype} needs {size}")
    return np.frombuffer(data, dtype, offset=start + length).reshape(shape)


def _header(text: bytes, place: str) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
        kind, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except (SyntaxError, ValueError, KeyError, TypeError, MemoryError, RecursionError):
        raise DataError(place, text[:80].decode("latin-1"), "the .npy header is not readable") from None
    if not isinstance(kind, str) or kind[:1] not in "<|" or kind[1:] not in _TYPES:
        raise DataError(place, str(kind), "use a little-endian numeric type such as <f4, <u2 or |u1")
    if fortran is not False:
        raise DataError(place, "fortran_order", "store the tensor in C order")
    whole = isinstance(shape, tuple) and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape)
    if not whole or len(shape) > MAX_RANK:
        raise DataError(place, str(shape), f"a shape has up to {MAX_RANK} whole, non-negative sizes")
    return np.dtype(kind), shape


def write_tensor(tensor: Tensor) -> bytes:
    """The `.npy` of one tensor, in its one form."""
    plain = np.ascontiguousarray(tensor).reshape(tensor.shape)
    if plain.dtype.byteorder == ">":
        plain = plain.astype(plain.dtype.newbyteorder("<"))
    assert plain.dtype.str[1:] in _TYPES, f"{plain.dtype} has no wire form"
    stream = io.BytesIO()
    header = {"descr": plain.dtype.str, "fortran_order": False, "shape": plain.shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + plain.tobytes()


def write_tensors(tensors: Mapping[str, Tensor]) -> bytes:
    """The stored `.npz` of tensors by name, in the order given; a single unnamed one becomes a `.npy`."""
    if list(tensors) == [SINGLE]:
        return write_tensor(tensors[SINGLE])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, tensor in tensors.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # zipfile would write the host's system: the bytes must not depend on it
            archive.writestr(entry, write_tensor(tensor))
    return stream.getvalue()
