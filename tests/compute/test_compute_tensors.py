"""Tensors on the wire: what NumPy writes is read, what we write NumPy reads, and nothing else gets in."""

from __future__ import annotations

import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from orbitalcloud.compute.tensors import SINGLE, read_tensors, write_tensor, write_tensors
from orbitalcloud.core import DataError

KINDS = st.sampled_from(["<f4", "<f8", "<f2", "|u1", "<u2", "<i4", "<i8", "|b1"])
ARRAYS = KINDS.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, max_side=5)))


def numpy_bytes(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


@given(ARRAYS)
def test_npy_is_numpys_own_form(array: np.ndarray) -> None:
    assert write_tensor(array) == numpy_bytes(array)
    back = read_tensors(numpy_bytes(array))[SINGLE]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), ARRAYS, min_size=1, max_size=4))
def test_npz_goes_both_ways_with_numpy(arrays: dict[str, np.ndarray]) -> None:
    with np.load(io.BytesIO(write_tensors(arrays)), allow_pickle=False) as theirs:
        assert {name: theirs[name].tobytes() for name in theirs} == {n: a.tobytes() for n, a in arrays.items()}
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, **arrays)
        ours = read_tensors(stream.getvalue())
        assert list(ours) == list(arrays)
        assert all((ours[n].shape, ours[n].tobytes()) == (a.shape, a.tobytes()) for n, a in arrays.items())


def test_equal_tensors_have_equal_bytes_whatever_their_memory_layout() -> None:
    array = np.arange(12, dtype=">i4").reshape(3, 4)
    assert write_tensor(array) == write_tensor(np.asfortranarray(array.astype("<i4")))
    assert write_tensors({"a": array}) == write_tensors({"a": array.astype("<i4")})


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04"):
        with pytest.raises(DataError):
            read_tensors(prefix + data)


@given(ARRAYS, st.data())
def test_a_damaged_npz_is_read_or_refused(array: np.ndarray, data: st.DataObject) -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, a=array)
    bad = bytearray(stream.getvalue())
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(DataError):
        read_tensors(bytes(bad))


def header(text: str, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + body


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (numpy_bytes(np.array([{}], object), allow_pickle=True), "little-endian numeric type"),
        (numpy_bytes(np.asfortranarray(np.ones((2, 3)))), "C order"),
        (numpy_bytes(np.ones(3, ">f4")), "little-endian"),
        (numpy_bytes(np.ones(3))[:-1], "23 bytes of data"),
        (numpy_bytes(np.ones(3)) + b"x", "25 bytes of data"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999, 99999)}"), "tensors may take"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "non-negative"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 900), "not readable"),
        (header("__import__('os').system('true')"), "not readable"),
    ],
)
def test_what_is_refused_is_named(data: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_tensors(data)


def test_a_zip_bomb_is_cut_off() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", numpy_bytes(np.zeros(10_000_000, np.uint8)))
    assert len(stream.getvalue()) < 20_000
    with pytest.raises(DataError):
        read_tensors(stream.getvalue(), max_bytes=1_000_000)
