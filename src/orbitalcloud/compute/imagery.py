"""The packaged Sentinel-2 tile: what the camera of the twin sees, and the hand labels to judge results by.

512 x 512 pixels, six bands, from ukis-csmask's own test (Apache-2.0; see data/compute/README.md).
"""

from __future__ import annotations

import lzma
from functools import lru_cache
from importlib.resources import files

import numpy as np

from orbitalcloud.compute.tensors import Tensor, read_tensors
from orbitalcloud.core.errors import DataError

SHAPE = (512, 512, 6)
TILE = 256
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
SHADOW, WATER, LAND, CLOUD = 0, 1, 3, 4
"""Hand labels: 0 and 4 as in ukis-csmask's test; 1 is water and 3 land by their spectra (2 does not occur)."""


def packaged(name: str) -> bytes:
    """A file of data/compute; `DataError` if the installation lacks it."""
    try:
        return files("orbitalcloud").joinpath("data", "compute", name).read_bytes()
    except FileNotFoundError:
        remedy = "install orbital-cloud again: its data are incomplete"
        raise DataError(f"data/compute/{name}", "missing", remedy) from None


def pack_bands(reflectance: Tensor) -> bytes:
    """uint16 (rows, columns, bands) → LZMA of the differences along rows, then between bands, high bytes first."""
    planes = np.moveaxis(reflectance.astype(np.uint16), -1, 0)
    along = np.diff(planes, axis=2, prepend=np.uint16(0))
    across = np.diff(along, axis=0, prepend=np.uint16(0)).astype(np.uint16)
    folded = (across << 1) ^ (across.view(np.int16) >> 15).view(np.uint16)
    halves = (folded >> 8).astype(np.uint8).tobytes() + (folded & 255).astype(np.uint8).tobytes()
    return lzma.compress(halves, preset=9 | lzma.PRESET_EXTREME)


def unpack_bands(packed: bytes, shape: tuple[int, ...]) -> Tensor:
    """The inverse of `pack_bands` for a known shape; `DataError` if the bytes are damaged."""
    rows, columns, bands = shape
    try:
        halves = np.frombuffer(lzma.decompress(packed), np.uint8).astype(np.uint16).reshape(2, bands, rows, columns)
    except (lzma.LZMAError, ValueError) as error:
        raise DataError("packed image", f"{len(packed)} bytes", f"damaged: {error}") from None
    folded = (halves[0] << 8) | halves[1]
    across = (folded >> 1) ^ (np.uint16(0) - (folded & 1))
    along = np.cumsum(across, axis=0, dtype=np.uint16)
    planes = np.cumsum(along, axis=2, dtype=np.uint16)
    return np.ascontiguousarray(np.moveaxis(planes, 0, -1))


@lru_cache(maxsize=1)
def reflectance() -> Tensor:
    """uint16 (512, 512, 6): top-of-atmosphere reflectance x 10000, bands as in `BANDS`."""
    return unpack_bands(packaged("sentinel2-512x512x6.xz"), SHAPE)


@lru_cache(maxsize=1)
def labels() -> Tensor:
    """uint8 (512, 512): the hand labels."""
    return read_tensors(packaged("sentinel2-labels.npz"), "labels")["labels"]


def quadrants(image: Tensor) -> list[Tensor]:
    """The four 256 x 256 tiles of the packaged image or its labels, row by row."""
    half = TILE
    return [image[r : r + half, c : c + half] for r in (0, half) for c in (0, half)]
