"""Cells: the processes in which jobs run, one for each artefact, so that whatever a job does ends its own process only.

    started ─► ready ─► order ─► answer ─► order ─► …        warm: the next job of the same artefact pays a message
                          ├─► too slow, told to stop ─► killed          `wall-time`, `stopped`
                          ├─► a limit or a signal ends it ─► gone       `memory`, `cpu-time`, `crash`
                          └─► says nonsense ─► killed                   `host`

A cell begins as a fresh interpreter (never a fork: no memory, no lock, no open file of ours goes with it), in an empty
folder, with an empty environment, three pipes and nothing else; what it gives up is in `compute.cell_main`. A fresh
store or session state belongs to each run (see the runtimes), and a cell that held on to memory after a run is
replaced. Limits of the meter (fuel, operations, memory, output) come first and are the same on every machine; those of
the process contain what gets past them.

A run can be throttled to a share of the processor, paused (SIGSTOP), resumed and stopped from another thread. What was
not finished starts again at the last boundary: a job, or within a pipeline a stage, is done or not begun.
"""

from __future__ import annotations

import atexit
import fcntl
import mmap
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic

from orbitalcloud.compute import Artefact, Limits, Outcome, Usage
from orbitalcloud.compute.cell_wire import (
    HEAD_BYTES,
    SAID_BYTES,
    SHARED_BYTES,
    Answer,
    Order,
    frame,
    read_answer,
    read_ready,
    size_of,
)
from orbitalcloud.core import RemoteProtocolError, version

START_S = 60.0
"""Until a cell is ready: half a second of imports, on a machine that does much else."""
SLICE_S = 0.1
"""Of a throttled run: in each slice it runs for its share and is stopped for the rest."""
LIBRARY_BYTES = 768 * 2**20
"""Writable memory that a runtime may have beside what the meter counts of a job: arenas, copies of weights that its
optimiser packs anew, compiled code. Measured for the packaged jobs: up to 480 MB (cloud mask)."""
LEAK_BYTES = 256 * 2**20
"""A cell that holds this much more than after its first run is replaced."""
WARM = 4
"""Cells kept for the next job; the one unused for longest goes first."""
_PIPE_BYTES = 1 << 20
_STDERR_TAIL = 400
_SHARED_FROM_BYTES = 64 * 1024
"""Inputs from this size go through memory that both map: two copies instead of six and a turn for each pipe's fill."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process of a run may use, beside the job's own limits. `share` of the processor is from 0 to 1."""

    wall_s: float = 900.0
    cpu_s: int = 900
    share: float = 1.0

    def __post_init__(self) -> None:
        assert self.wall_s > 0, "a run takes time"
        assert self.cpu_s >= 1, "a run takes the processor"
        assert 0 < self.share <= 1, "a share of one processor"


class _Ended(Exception):
    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        super().__init__(text)


class _Shared:
    """Memory that a cell reads large inputs from, of a fixed size: a cell that could cut it would end us too.

    Where the system gives none (a limit of our own on files' sizes), `descriptor` is -1 and inputs go through the pipe.
    """

    def __init__(self) -> None:
        self.descriptor = -1
        self._map: mmap.mmap | None = None
        made = os.memfd_create("orbital-input", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(made, SHARED_BYTES)
            fcntl.fcntl(made, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            self._map = mmap.mmap(made, SHARED_BYTES)
            self.descriptor = made
        except OSError:
            os.close(made)

    def put(self, data: bytes) -> bool:
        """The data at its beginning; False where there is no room, or no need."""
        if self._map is None or not _SHARED_FROM_BYTES <= len(data) <= SHARED_BYTES:
            return False
        self._map[: len(data)] = data
        return True

    def close(self) -> None:
        """Let go of it; twice does no harm."""
        if self._map is not None:
            self._map.close()
            os.close(self.descriptor)
            self._map = None


class Cell:
    """One process for one artefact's runs; use by one thread at a time, but `pause`, `resume` and `stop` by any."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="orbital-cell-")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the cell
        self._shared = _Shared()
        self._lock = threading.Lock()
        self._stopped = self._paused = False
        self._loaded = ""
        self._held_bytes = 0
        self.cpu_s = 0.0
        """Processor time of all runs here."""
        self.confined: tuple[str, ...] = ()
        """What the process gave up, by its own word."""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", "orbitalcloud.compute.cell_main", str(self._shared.descriptor)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                cwd=self._folder,
                env=_environment(self._folder),
                pass_fds=(self._shared.descriptor,) if self._shared.descriptor >= 0 else (),
                start_new_session=True,  # Ctrl-C is the driver's to hear
                bufsize=0,
            )
        except OSError as error:
            self._tidy()
            raise _Ended("host", f"no process could be started: {error.strerror}") from None
        assert self._process.stdin is not None, "asked for above"
        assert self._process.stdout is not None, "asked for above"
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        for end in (self._to, self._from):
            os.set_blocking(end, False)
            with suppress(OSError, AttributeError):  # a larger pipe is a convenience: fewer turns for large inputs
                fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            ready = read_ready(self._read(SAID_BYTES, monotonic() + START_S, 1.0))
        except (_Ended, RemoteProtocolError) as error:
            text = self._last_words() or str(error)
            self.close()
            raise _Ended("host", f"the runtime's process did not begin: {text}") from None
        self.confined = ready.confined

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def process_id(self) -> int:
        return self._process.pid

    def run(self, artefact: Artefact, data: bytes, limits: Limits, bounds: Bounds) -> tuple[Outcome, bool]:
        """Execute; and whether the cell can be used again. Where it cannot it is closed."""
        try:
            answer = self._exchange(artefact, data, limits, bounds)
        except (_Ended, RemoteProtocolError) as error:
            name = error.name if isinstance(error, _Ended) else "host"
            self.close()
            return Outcome(b"", Usage(input_bytes=len(data)), name, str(error)), False
        self.cpu_s += answer.cpu_ns / 1e9
        first, self._held_bytes = not self._held_bytes, self._held_bytes or answer.held_bytes
        leaks = not first and answer.held_bytes > self._held_bytes + LEAK_BYTES
        if leaks or answer.failure in ("memory", "host"):
            self.close()
            return answer.outcome(), False
        return answer.outcome(), True

    def _exchange(self, artefact: Artefact, data: bytes, limits: Limits, bounds: Bounds) -> Answer:
        fresh = artefact.digest != self._loaded
        large = self._shared.put(data)
        order = Order(
            b"" if large else data,
            limits.fuel,
            limits.memory_bytes,
            limits.output_bytes,
            limits.operations,
            bounds.cpu_s,
            limits.memory_bytes + LIBRARY_BYTES,
            artefact.kind if fresh else "",
            artefact.data if fresh else b"",
            len(data) if large else 0,
        )
        until = monotonic() + bounds.wall_s
        self._write(frame(order), until, bounds)
        self._loaded = artefact.digest
        return read_answer(self._read(limits.output_bytes + SAID_BYTES, until, bounds.share, bounds.wall_s))

    # Control ---------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Take the processor away, keeping everything else; the run's wall time goes on."""
        self._paused = True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Give it back."""
        self._paused = False
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the run now: its outcome is `stopped`."""
        self._stopped = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process.poll() is None:
                with suppress(ProcessLookupError):
                    self._process.send_signal(number)

    def close(self) -> None:
        """Kill the process, if it still is one, and remove its folder; twice does no harm."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._tidy()

    def _tidy(self) -> None:
        self._said.close()
        self._shared.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # Pipes -----------------------------------------------------------------------------------------------------------

    def _write(self, data: bytearray, until: float, bounds: Bounds) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._to, left) :]
            except BlockingIOError:
                self._wait(self._to, select.POLLOUT, until, 1.0, bounds.wall_s)
            except BrokenPipeError:
                raise self._ended() from None

    def _read(self, most: int, until: float, share: float, wall_s: float = START_S) -> bytearray:
        size = size_of(bytes(self._exactly(HEAD_BYTES, until, share, wall_s)), most)
        return self._exactly(size, until, share, wall_s)

    def _exactly(self, size: int, until: float, share: float, wall_s: float) -> bytearray:
        data = bytearray(size)
        view, got = memoryview(data), 0
        while got < size:
            try:
                read = os.readv(self._from, [view[got:]])
            except BlockingIOError:
                self._wait(self._from, select.POLLIN, until, share, wall_s)
                continue
            if not read:
                raise self._ended()
            got += read
        return data

    def _wait(self, end: int, event: int, until: float, share: float, wall_s: float) -> None:
        """Until the pipe can go on; throttled, the process is stopped for a part of each slice meanwhile."""
        poll = select.poll()
        poll.register(end, event)
        while True:
            left_s = until - monotonic()
            if left_s <= 0:
                raise _Ended("wall-time", f"no answer after {wall_s:g} s: the process was killed")
            if poll.poll(min(left_s, SLICE_S * share if share < 1 else left_s) * 1000):
                return
            if share < 1 and not self._paused:
                self._signal(signal.SIGSTOP)
                answered = poll.poll(min(SLICE_S * (1 - share), max(0.0, until - monotonic())) * 1000)
                if not self._paused:
                    self._signal(signal.SIGCONT)
                if answered:
                    return

    def _ended(self) -> _Ended:
        """Why the process is gone, from how it ended and what it last said."""
        try:
            code = self._process.wait(START_S)
        except subprocess.TimeoutExpired:
            return _Ended("host", "it closed its pipe and went on")
        words = self._last_words()
        if self._stopped:
            return _Ended("stopped", "the run was stopped")
        if code == -signal.SIGXCPU:
            return _Ended("cpu-time", "all of its processor time was used")
        if "MemoryError" in words or "bad_alloc" in words or "memory allocation" in words:
            return _Ended("memory", f"the process's memory limit was reached: {words}")
        if code < 0:
            name = signal.Signals(-code).name if -code in {int(one) for one in signal.Signals} else str(-code)
            return _Ended("crash", f"its process was ended by {name}" + (f": {words}" if words else ""))
        return _Ended("crash", f"its process ended with exit code {code}" + (f": {words}" if words else ""))

    def _last_words(self) -> str:
        with suppress(OSError, ValueError):
            size = self._said.seek(0, os.SEEK_END)
            self._said.seek(max(0, size - _STDERR_TAIL))
            lines = self._said.read().decode("utf-8", "replace").split("\n")
            spoken = [" ".join(line.split()) for line in lines if line.strip()]
            return "".join(c if c.isprintable() else " " for c in spoken[-1])[:300] if spoken else ""
        return ""


def _environment(folder: str) -> dict[str, str]:
    """Where our package lies, how many threads, a home for what libraries leave; nothing of ours: it may be secret."""
    home = Path(version.__file__).resolve().parents[2]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    kept = dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), str(SHARED_BYTES))  # inputs reuse pages
    plain = {"PYTHONPATH": str(home), "HOME": folder, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    return plain | kept | dict.fromkeys(threads, "1")


class Cells:
    """Warm cells by artefact. `run` is `compute.execute` with walls around it, and as silent about what goes wrong."""

    def __init__(self, warm: int = WARM) -> None:
        self._warm = warm
        self._turn = threading.Lock()
        self._cells: OrderedDict[str, Cell] = OrderedDict()
        self._running: dict[str, Cell] = {}
        self.started = 0
        self.cpu_s = 0.0
        """Processor time of all runs; and of the last one."""
        self.last_cpu_s = 0.0

    def run(
        self, artefact: Artefact, data: bytes, limits: Limits, bounds: Bounds | None = None, name: str = ""
    ) -> Outcome:
        """Execute in the artefact's cell. Never raises for what artefact, data or the process do: see `Outcome`.

        `name` is what `stop`, `pause` and `resume` know the run by, from other threads; a second `run` waits its turn.
        """
        with self._turn:
            return self._run(artefact, data, limits, bounds or Bounds(), name)

    def _run(self, artefact: Artefact, data: bytes, limits: Limits, bounds: Bounds, name: str) -> Outcome:
        try:
            cell = self._cell(artefact.digest)
        except _Ended as error:
            return Outcome(b"", Usage(input_bytes=len(data)), error.name, str(error))
        before = cell.cpu_s
        self._running[name] = cell
        usable = False
        try:
            outcome, usable = cell.run(artefact, data, limits, bounds)
        finally:
            self._running.pop(name, None)
            if not usable:  # also where we were interrupted in the middle of an exchange
                cell.close()
                self._cells.pop(artefact.digest, None)
        self.last_cpu_s = cell.cpu_s - before
        self.cpu_s += self.last_cpu_s
        return outcome

    def stop(self, name: str) -> bool:
        """End a run; whether there was one."""
        cell = self._running.get(name)
        if cell is not None:
            cell.stop()
        return cell is not None

    def pause(self, name: str) -> None:
        """Take the processor from a run."""
        if name in self._running:
            self._running[name].pause()

    def resume(self, name: str) -> None:
        """Give it back."""
        if name in self._running:
            self._running[name].resume()

    def _cell(self, digest: str) -> Cell:
        cell = self._cells.get(digest)
        if cell is not None and cell.alive:
            self._cells.move_to_end(digest)
            return cell
        if cell is not None:
            self._cells.pop(digest).close()
        while len(self._cells) >= self._warm:
            self._cells.popitem(last=False)[1].close()
        self.started += 1
        fresh = self._cells[digest] = Cell()
        return fresh

    def close(self) -> None:
        """End all processes; the next run starts anew."""
        while self._cells:
            self._cells.popitem()[1].close()


@lru_cache(maxsize=1)
def own_cells() -> Cells:
    """This process's own, for whoever has no other; ended with the process."""
    made = Cells()
    atexit.register(made.close)
    return made
