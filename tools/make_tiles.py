"""Make the packaged Sentinel-2 tile from ukis-csmask's test tile.

    python tools/make_tiles.py /path/to/sentinel2.npz

Source: dlr-eoc/ukis-csmask @ bcd8ea0ec73f588a8b58b334a92b85c96b00b6a2, tests/testfiles/sentinel2.npz (Apache-2.0).
Reflectances are whole ten-thousandths in the source (largest deviation 6e-8), so nothing is lost by storing uint16.
The packing (differences along rows and between bands, then LZMA) is undone by `orbitalcloud.compute.imagery`.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np

from orbitalcloud.compute.imagery import pack_bands, unpack_bands

TARGET = Path(__file__).resolve().parent.parent / "src" / "orbitalcloud" / "data" / "compute"


def main() -> None:
    source = np.load(sys.argv[1], allow_pickle=False)
    reflectance = np.rint(source["img"] * 10_000).astype(np.uint16)
    assert np.abs(reflectance / 10_000 - source["img"]).max() < 1e-7, "the source is not in ten-thousandths"
    packed = pack_bands(reflectance)
    assert np.array_equal(unpack_bands(packed, reflectance.shape), reflectance)
    (TARGET / "sentinel2-512x512x6.xz").write_bytes(packed)
    stream = io.BytesIO()
    np.savez_compressed(stream, labels=source["msk"][..., 0])
    (TARGET / "sentinel2-labels.npz").write_bytes(stream.getvalue())
    print(f"{len(packed)} bytes of bands, {len(stream.getvalue())} bytes of labels")


if __name__ == "__main__":
    main()
