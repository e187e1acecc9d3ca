"""Whatever a job does, it ends its own process, by a name, and the next job runs."""

from __future__ import annotations

import os
import signal
import threading
from time import perf_counter, sleep

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import wat2wasm

from orbitalcloud.compute import Artefact, Limits, Outcome, Usage, execute
from orbitalcloud.compute.cell_wire import answer_of, frame, read_answer, read_ready, size_of
from orbitalcloud.compute.pipeline import pipeline
from orbitalcloud.compute.tensors import write_tensor
from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.twin.cells import Bounds, Cell, Cells

MODULE = "orbitalcloud.twin.cells"

LONG = Limits(fuel=10**15)


def module(run: str, memory: str = "2") -> Artefact:
    code = f"""(module (memory (export "memory") {memory})
      (func (export "alloc") (param i32) (result i32) i32.const 1024)
      (func (export "run") (param i32 i32) (result i64) {run}))"""
    return Artefact.of(bytes(wat2wasm(code)))


ECHO_RUN = "(i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))"
ECHO = module(ECHO_RUN)
LOOP = module("(loop br 0) i64.const 0")


def model(size: int = 8, name: str = "x") -> Artefact:
    """y = relu(x) of float32 (size,)."""
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", [name], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info(name, kind, [size])],
        [onnx.helper.make_tensor_value_info("y", kind, [size])],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    return Artefact.of(made.SerializeToString())


@pytest.fixture(scope="module")
def warm():
    made = Cells()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("artefact", "data"),
    [
        (ECHO, b"hello"),
        (ECHO, b""),
        (ECHO, bytes(100_000)),  # beyond the size from which memory is shared
        (LOOP, b"x"),
        (module("unreachable"), b"x"),
        (model(), write_tensor(np.linspace(-1, 1, 8, dtype=np.float32))),
        (model(), write_tensor(np.zeros(9, np.float32))),
        (model(), b"no tensor"),
        (pipeline([model(), model()]), write_tensor(np.linspace(-1, 1, 8, dtype=np.float32))),
    ],
)
def test_a_cell_gives_what_the_runtime_gives(warm: Cells, artefact: Artefact, data: bytes) -> None:
    limits = Limits(fuel=100_000, memory_bytes=2**20)
    assert warm.run(artefact, data, limits) == execute(artefact, data, limits)


def test_the_next_job_of_an_artefact_finds_its_process_warm_and_its_memory_fresh(warm: Cells) -> None:
    counter = module(
        """(i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
        (i64.const 1)"""
    )
    began = warm.started
    assert [warm.run(counter, b"", Limits()).output for _ in range(3)] == [b"\1"] * 3
    assert warm.started == began + 1


def test_an_endless_loop_ends_by_the_clock(warm: Cells) -> None:
    begun = perf_counter()
    outcome = warm.run(LOOP, b"x", LONG, Bounds(wall_s=0.3))
    assert (outcome.failure, outcome.output) == ("wall-time", b"")
    assert perf_counter() - begun < 10
    assert warm.run(LOOP, b"x", Limits(fuel=1000)).failure == "fuel", "the next run has a new process"


def test_processor_time_has_an_end_of_its_own(warm: Cells) -> None:
    assert warm.run(LOOP, b"x", LONG, Bounds(cpu_s=1)).failure == "cpu-time"


def test_a_run_can_be_stopped_from_outside(warm: Cells) -> None:
    stopper = threading.Thread(target=_until, args=[lambda: warm.stop("it")])
    stopper.start()
    outcome = warm.run(LOOP, b"x", LONG, Bounds(wall_s=20), name="it")
    stopper.join()
    assert outcome.failure == "stopped"
    assert not warm.stop("it"), "there is no such run any more"


def _stat(process: int) -> tuple[str, int]:
    """State and clock ticks used, by /proc."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return fields[0], int(fields[11]) + int(fields[12])


def test_a_paused_run_uses_no_processor_and_goes_on_when_resumed(warm: Cells) -> None:
    warm.run(LOOP, b"x", Limits(fuel=1000))
    cell = warm._cells[LOOP.digest]
    done: list[Outcome] = []
    runner = threading.Thread(target=lambda: done.append(warm.run(LOOP, b"x", LONG, Bounds(wall_s=40), name="p")))
    runner.start()
    _until(lambda: "p" in warm._running and _stat(cell.process_id)[0] == "R")
    warm.pause("p")
    _until(lambda: _stat(cell.process_id)[0] == "T")
    before = _stat(cell.process_id)[1]
    assert not done
    assert _stat(cell.process_id) == ("T", before)
    warm.resume("p")
    _until(lambda: _stat(cell.process_id)[1] > before)
    warm.stop("p")
    runner.join()
    assert done[0].failure == "stopped"


def _until(holds) -> None:
    limit = perf_counter() + 20
    while not holds():
        assert perf_counter() < limit, "it did not come"
        sleep(0.005)  # another process's doing, which nothing announces


def test_a_throttled_run_gets_its_share(warm: Cells) -> None:
    warm.run(LOOP, b"x", Limits(fuel=1000))
    short = Limits(fuel=1_000_000_000)
    begun = perf_counter()
    assert warm.run(LOOP, b"x", short, Bounds(share=0.2)).failure == "fuel"
    took, cpu = perf_counter() - begun, warm.last_cpu_s
    assert cpu < 0.5 * took, "it had the processor for a fifth of the time, give or take a slice"


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL, signal.SIGTERM])
def test_a_crash_is_named_by_its_signal(warm: Cells, number: signal.Signals) -> None:
    warm.run(LOOP, b"x", Limits(fuel=1000))
    process = warm._cells[LOOP.digest].process_id
    timer = threading.Timer(0.2, os.kill, [process, number])
    timer.start()
    outcome = warm.run(LOOP, b"x", LONG, Bounds(wall_s=20))
    timer.join()
    assert outcome.failure == "crash"
    assert number.name in outcome.text
    assert warm.run(LOOP, b"x", Limits(fuel=1000)).failure == "fuel"


def test_memory_beyond_the_process_s_own_limit_is_named(warm: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose tensors the meter was lied to about, as it were: the process has room for less than it needs."""
    monkeypatch.setattr(f"{MODULE}.LIBRARY_BYTES", 0)
    big = model(30_000_000)
    data = write_tensor(np.zeros(30_000_000, np.float32))
    limits = Limits(memory_bytes=2**30, output_bytes=2**28)
    assert execute(big, data, limits).ok
    cell = Cell()
    outcome, usable = cell.run(ECHO, b"x", limits, Bounds())
    assert usable
    monkeypatch.setattr(f"{MODULE}.LIBRARY_BYTES", 50_000_000 - 2**30)
    outcome, usable = cell.run(big, data, limits, Bounds())
    cell.close()
    assert outcome.failure in ("memory", "runtime"), outcome
    assert not outcome.output


def test_a_cell_that_keeps_memory_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.LEAK_BYTES", -(2**30))
    mine = Cells()
    try:
        assert all(mine.run(ECHO, b"x", Limits()).ok for _ in range(4))
        assert mine.started == 2, "the first run is the measure, the second is over it"
    finally:
        mine.close()


def test_a_cell_has_no_file_of_ours_and_cannot_open_one(warm: Cells) -> None:
    secret = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        cell = Cell()
        numbers = os.listdir(f"/proc/{cell.process_id}/fd")
        links = {os.readlink(f"/proc/{cell.process_id}/fd/{number}") for number in numbers}
        assert "/etc/passwd" not in links
        with open(f"/proc/{cell.process_id}/limits") as file:
            files = next(line for line in file if line.startswith("Max open files")).split()
        assert int(files[3]) == int(files[4]) == len(numbers), "soft and hard limit: no room for one more"
        with open(f"/proc/{cell.process_id}/environ", "rb") as file:
            names = {part.partition(b"=")[0] for part in file.read().split(b"\0") if part}
        assert not {name for name in names if b"ORBITAL" in name or name == b"PATH"}
        assert not [link for link in links if link.startswith(("/root", "/home", os.getcwd()))], links
        assert {"parent", "privileges", "RLIMIT_NOFILE", "RLIMIT_FSIZE"} <= set(cell.confined)
        cell.close()
    finally:
        os.close(secret)


def test_where_no_memory_can_be_shared_large_inputs_come_through_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, size: int) -> None:
        raise OSError(27, "File too large")

    monkeypatch.setattr("os.ftruncate", full)
    cell = Cell()
    limits = Limits(output_bytes=2**21)
    outcome, usable = cell.run(module(ECHO_RUN, "40"), bytes(range(256)) * 4000, limits, Bounds())
    cell.close()
    assert usable
    assert outcome.output == bytes(range(256)) * 4000


def test_warm_cells_are_bounded() -> None:
    mine = Cells(warm=2)
    try:
        for artefact in (ECHO, LOOP, module("unreachable")):
            mine.run(artefact, b"x", Limits(fuel=1000))
        assert len(mine._cells) == 2
        assert mine.started == 3
    finally:
        mine.close()
    assert not mine._cells


# What a cell says is a stranger's word ----------------------------------------------------------------------

WHOLE = st.integers(0, 2**63 - 1)


@given(
    st.binary(max_size=50), WHOLE, WHOLE, st.booleans(), st.sampled_from([None, "fuel", "trap"]), st.text(max_size=99)
)
def test_outcomes_survive_the_wire(output, operations, fuel, integer, failure, text) -> None:
    outcome = Outcome(output, Usage(operations, fuel, 3, 4, 5, integer), failure, text, "runtime")
    data = bytes(frame(answer_of(outcome, 1, 2)))
    assert size_of(data[:4], len(data)) == len(data) - 4
    assert read_answer(data[4:]).outcome() == outcome


@given(st.binary(max_size=200))
def test_nonsense_from_a_cell_is_a_protocol_error(data: bytes) -> None:
    for read in (read_answer, read_ready):
        with pytest.raises(RemoteProtocolError):
            read(data)


def test_an_answer_of_more_than_was_allowed_is_not_read() -> None:
    with pytest.raises(RemoteProtocolError, match="size"):
        size_of(b"\xff\xff\xff\xff", 1000)
