"""`njit` for kernels, and where they are cached once compiled: a folder named by the digest of their sources.

numba checks only the file of the function itself before it takes a compiled kernel from its cache, not the files of the
kernels that were inlined into it, nor of the constants that were. A new version of one file could so run with the old
code of another. Here any change of any file in a package that has kernels is another folder.

Not imported with `core`: it loads numba. A module of kernels takes `njit` from here; `physics` imports this first.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numba
from numba import njit

__all__ = ["CACHE", "PACKAGES", "digest_of", "njit", "use_kernel_cache"]

PACKAGES = ("core", "physics", "network", "planning")
"""Whose sources kernels are made of; `core` for its constants."""


def digest_of(root: Path) -> str:
    """Sixteen hexadecimal digits of numba's version and of every source file of `PACKAGES` in the folder `root`."""
    digest = hashlib.sha256(numba.__version__.encode())
    for package in PACKAGES:
        for source in sorted((root / package).glob("*.py")):
            data = source.read_bytes()
            digest.update(f"\n{package}/{source.name} {len(data)}\n".encode())
            digest.update(data)
    return digest.hexdigest()[:16]


def use_kernel_cache() -> Path | None:
    """Point numba to the cache of exactly these sources; a `NUMBA_CACHE_DIR` given by the person wins."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return None
    root = Path(__file__).parent.parent
    name = f"kernels-{digest_of(root)}"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orbital-cloud"
    for parent in (root / "physics" / "__pycache__", home, Path(tempfile.gettempdir()) / "orbital-cloud"):
        place = parent / name
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            numba.config.CACHE_DIR = str(place)
            return place
    return None


CACHE = use_kernel_cache()
