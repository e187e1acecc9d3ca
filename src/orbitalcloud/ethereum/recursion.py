"""Keeps Python's recursion limit where it was while libraries that raise it are loaded or run.

`py_ecc` (under `eth-account`) sets it to 100,000 and `py-evm` to 12,288 when imported, for the whole process. Under
such a limit, deeply nested JSON or CBOR from a stranger overruns the C stack and ends the process instead of raising
an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_recursion_limit(at_least: int = 0) -> Iterator[None]:
    """Within, the limit is at least `at_least` (and what an import makes of it); after, as before."""
    before = sys.getrecursionlimit()
    if at_least > before:
        sys.setrecursionlimit(at_least)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
