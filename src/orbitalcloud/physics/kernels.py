"""Where compiled kernels are cached: a folder named by the digest of this package's sources.

numba checks only the file of the function itself before it takes a compiled kernel from its cache, not the files of the
kernels that were inlined into it. A new version of one file could so run with the old code of another. Here any change
of any file in `physics` is another folder.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numba


def use_kernel_cache() -> Path | None:
    """Point numba to the cache of exactly these sources; a `NUMBA_CACHE_DIR` given by the person wins."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return None
    here = Path(__file__).parent
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orbital-cloud"
    for parent in (here / "__pycache__", home, Path(tempfile.gettempdir()) / "orbital-cloud"):
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
