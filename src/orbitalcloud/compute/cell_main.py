"""The process in which a stranger's code runs: `python -m orbitalcloud.compute.cell_main`, started by `twin.cells`.

It loads the runtimes, gives up what it will not need, and answers orders on standard output until its input ends. Given
up, for itself and for whatever native code a model may break into: new files and sockets (RLIMIT_NOFILE at what is
open), children (RLIMIT_NPROC, which does not bind root), writing (RLIMIT_FSIZE), core dumps, new privileges
(PR_SET_NO_NEW_PRIVS), and outliving its parent (PR_SET_PDEATHSIG). Memory and processor time are bounded anew for each
order: RLIMIT_DATA counts what is writable, and not the address space that WASM engines reserve. This contains accidents
and greed; native code that has broken out of a runtime can still close a descriptor and open another in its place.
"""

from __future__ import annotations

import mmap
import os
import resource
import sys
from contextlib import suppress
from functools import lru_cache

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.cell_wire import (
    HEAD_BYTES,
    SHARED_BYTES,
    Order,
    Ready,
    answer_of,
    frame,
    limits_of,
    read_order,
)
from orbitalcloud.compute.runtime import execute
from orbitalcloud.compute.usage import Outcome, Usage

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9
"""linux/prctl.h"""
_SAID_ON_STDERR_BYTES = 65_536
ADDRESS_ROOM_BYTES = 32 * 2**30
"""Beyond RLIMIT_DATA, of address space: wasmtime reserves 4 GiB and guards around each of up to a few memories."""

_TINY_WASM = bytes.fromhex(
    "0061736d01000000010c0260017f017f60027f7f017e03030200010503010001071803066d656d6f7279020005616c6c6f6300000372756e"
    "00010a0b02040041080b040042000b"
)
"""(module (memory 1) alloc: i32.const 8, run: i64.const 0): what loads all of wasmtime before the doors close."""


def main() -> None:
    """Answer orders until there are no more."""
    _load()
    descriptor = int(sys.argv[1])
    shared = mmap.mmap(descriptor, SHARED_BYTES, mmap.MAP_SHARED, mmap.PROT_READ) if descriptor >= 0 else b""
    confined = tuple(_confine())
    _send(frame(Ready(_held_bytes(), confined)))
    artefact: Artefact | None = None
    while head := _receive(HEAD_BYTES):
        order = read_order(_receive(int.from_bytes(head, "big")))
        if order.kind:
            artefact = Artefact(order.kind, order.artefact)
        _bound(order)
        begun = _cpu_ns()
        data = shared[: order.shared_bytes] if order.shared_bytes else order.data
        outcome = _run(artefact, data, order)
        answer = answer_of(outcome, _cpu_ns() - begun, _held_bytes())
        del order, data, outcome
        _send(frame(answer))


def _load() -> None:
    """Everything that opens files, once."""
    import encodings.idna
    import encodings.latin_1  # noqa: F401 - the `.npy` header's; codecs are imported when first used
    import zipfile  # noqa: F401

    import onnx.reference  # noqa: F401
    import onnxruntime
    from wasmtime import Trap  # noqa: F401

    from orbitalcloud.compute.onnx_runtime import runtime_name as onnx_name

    onnxruntime.disable_telemetry_events()  # it keeps a database of its own in the home folder
    onnx_name()
    _statm()
    execute(Artefact("wasm", _TINY_WASM), b"")
    import orbitalcloud.compute.meter
    import orbitalcloud.compute.pipeline  # noqa: F401


def _confine() -> list[str]:
    """Give up what is not needed; the names of what could be given up here."""
    given: list[str] = []
    with suppress(OSError, AttributeError, ImportError):
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        if library.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) == 0:
            given.append("parent")
        if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            given.append("privileges")
    last = os.open(os.devnull, os.O_RDONLY)
    while last < max(map(int, _descriptors())):  # fill the gaps: what is below the limit is taken
        last = os.open(os.devnull, os.O_RDONLY)
    open_files = 1 + max(map(int, _descriptors()))
    for name, limit in (
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", _SAID_ON_STDERR_BYTES),
        ("RLIMIT_NPROC", 0),
        ("RLIMIT_NOFILE", open_files),
    ):
        with suppress(OSError, ValueError, AttributeError):
            resource.setrlimit(getattr(resource, name), (limit, limit))
            given.append(name)
    return given


def _descriptors() -> list[str]:
    """Open descriptors, but the one that lists them."""
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return ["2"]
    return [name for name in names if os.path.lexists(f"/proc/self/fd/{name}")]


def _bound(order: Order) -> None:
    """Memory and processor time of this order, on top of what earlier ones used."""
    used_s = _cpu_ns() // 10**9 + 1
    _soft(resource.RLIMIT_CPU, used_s + order.cpu_s)
    held = _held_bytes()
    _soft(resource.RLIMIT_DATA, held + order.data_bytes)
    _soft(resource.RLIMIT_AS, held + order.data_bytes + ADDRESS_ROOM_BYTES)


def _soft(which: int, limit: int) -> None:
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _run(artefact: Artefact | None, data: bytes, order: Order) -> Outcome:
    if artefact is None:
        return Outcome(b"", Usage(), "host", "no artefact was given")
    try:
        return execute(artefact, data, limits_of(order))
    except MemoryError:
        usage = Usage(input_bytes=len(data))
        return Outcome(b"", usage, "memory", "the process's memory limit was reached")


@lru_cache(maxsize=1)
def _statm() -> int:
    """/proc/self/statm, kept open: later nothing can be opened."""
    return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC) if sys.platform == "linux" else -1


def _held_bytes() -> int:
    """Writable memory of this process (its data and stack), or 0 where the system does not say."""
    if _statm() < 0:
        return 0
    return int(os.pread(_statm(), 200, 0).split()[5]) * resource.getpagesize()


def _cpu_ns() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return round((used.ru_utime + used.ru_stime) * 1e9)


def _receive(size: int) -> bytes:
    """Exactly `size` bytes; none at the end of the input."""
    parts = bytearray(size)
    view, got = memoryview(parts), 0
    while got < size:
        read = os.readv(0, [view[got:]])
        if not read:
            return b""
        got += read
    return bytes(parts)


def _send(data: bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    main()
