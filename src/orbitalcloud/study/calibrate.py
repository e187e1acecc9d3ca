"""What this machine makes as an accelerator: operations and fuel a second, measured in a cell, and watts if it tells.

Each rate is the best of several runs of a small artefact made here: a matrix product of uint8 (MatMulInteger) and of
float32 (MatMul), through ONNX Runtime on one thread, and a loop of arithmetic in WASM. CPU time is what the cell itself
used, so that a busy machine slows the measurement and not the result. Energy is the package counter of RAPL, where
Linux lets it be read (/sys/class/powercap, Documentation/power/powercap in the kernel's tree).
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, sleep

import numpy as np

from orbitalcloud.compute import Artefact, Limits
from orbitalcloud.compute.tensors import Tensor, write_tensor
from orbitalcloud.core import DataError
from orbitalcloud.twin.cells import Cells

SIZE = 384
"""Of the square product: three matrices of float32 take 1.8 MB, about a core's second-level cache."""
REPEAT = 8
"""Products in a model, one feeding the next, so that the product and not the call is measured."""
RUNS = 5
FUEL_STEPS = 20_000_000
IDLE_S = 0.5
RAPL = Path("/sys/class/powercap")
"""Where Linux shows the counters; usually only root may read them."""

_LOOP_WASM = bytes.fromhex(
    "0061736d01000000010c0260017f017f60027f7f017e03030200010503010001071803066d656d6f7279020005616c6c6f6300000372756e"
    "00010a3d02040041080b3601027f2000280200210203402003418dcce5006c200241dfe6bbe303736a2103200241016b210220020d000b4100"
    "200336020042040b"
)
"""(loop x = x * 1664525 + (i xor 1013904223); i = i - 1; while i): the input is how often."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rates of one core; watts of the whole package, idle and at work, or None with the reason in `power_note`."""

    machine: str
    int8_ops_per_s: int
    float_ops_per_s: int
    fuel_per_s: int
    idle_w: float | None
    active_w: float | None
    power_note: str
    measured: str


def calibrate() -> Calibration:
    """Measure, in about five seconds. `DataError` if an artefact of ours does not run here."""
    cells = Cells(warm=3)
    try:
        idle_w, note = _watts_while(lambda: sleep(IDLE_S))
        rng = np.random.default_rng(1)
        whole = rng.integers(0, 16, (SIZE, SIZE)).astype(np.uint8)
        single = rng.random((SIZE, SIZE), np.float32) / SIZE
        int8 = _rate(cells, _products(whole, "MatMulInteger"), write_tensor(whole), "operations")
        floats = 0.0

        def work() -> None:
            nonlocal floats
            begun = perf_counter()
            while perf_counter() - begun < IDLE_S:
                floats = max(floats, _rate(cells, _products(single, "MatMul"), write_tensor(single), "operations"))

        active_w, note = _watts_while(work)
        fuel = _rate(cells, Artefact.of(_LOOP_WASM), FUEL_STEPS.to_bytes(4, "little"), "fuel")
    finally:
        cells.close()
    day = datetime.now(UTC).date().isoformat()
    return Calibration(_machine(), round(int8), round(floats), round(fuel), idle_w, active_w, note, day)


def _rate(cells: Cells, artefact: Artefact, data: bytes, what: str) -> float:
    """Operations or fuel per CPU second, the best of some runs after a first one."""
    best = 0.0
    for number in range(RUNS + 1):
        outcome = cells.run(artefact, data, Limits())
        if outcome.failure:
            raise DataError("calibrate", outcome.failure, outcome.text)
        if number and cells.last_cpu_s > 0:
            best = max(best, getattr(outcome.usage, what) / cells.last_cpu_s)
    return best


def _products(matrix: Tensor, operator: str) -> Artefact:
    """`REPEAT` products with the same matrix; between integer ones, their low bits go on."""
    from onnx import TensorProto, helper, numpy_helper

    kind = TensorProto.UINT8 if operator == "MatMulInteger" else TensorProto.FLOAT
    nodes, name = [], "x"
    for number in range(REPEAT):
        nodes.append(helper.make_node(operator, [name, "w"], [f"p{number}"]))
        name = f"p{number}"
        if kind == TensorProto.UINT8:
            nodes.append(helper.make_node("Cast", [name], [f"u{number}"], to=kind))
            name = f"u{number}"
    graph = helper.make_graph(
        nodes,
        "calibrate",
        [helper.make_tensor_value_info("x", kind, matrix.shape)],
        [helper.make_tensor_value_info(name, kind, matrix.shape)],
        [numpy_helper.from_array(matrix, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Artefact.of(model.SerializeToString())


# Energy ---------------------------------------------------------------------------------------------------------------


def _watts_while(work: Callable[[], object], root: Path | None = None) -> tuple[float | None, str]:
    """Watts of all packages while `work` runs, or None and why."""
    before = _energy_uj(root or RAPL)
    begun = perf_counter()
    work()
    took_s = perf_counter() - begun
    after = _energy_uj(root or RAPL)
    if isinstance(before, str) or isinstance(after, str):
        return None, before if isinstance(before, str) else str(after)
    joules = sum(
        (later - earlier if later >= earlier else later + top - earlier) / 1e6
        for (earlier, top), (later, _) in zip(before, after, strict=True)
    )
    return joules / took_s, "RAPL, all packages"


def _energy_uj(root: Path) -> list[tuple[int, int]] | str:
    """(µJ, where it wraps) of every package, or why there is none."""
    zones = sorted(root.glob("intel-rapl:[0-9]*")) if root.is_dir() else []
    packages = [zone for zone in zones if zone.name.count(":") == 1]
    if not packages:
        return "this machine shows no RAPL counter"
    try:
        return [(int(_text(zone / "energy_uj")), int(_text(zone / "max_energy_range_uj"))) for zone in packages]
    except (OSError, ValueError) as error:
        return f"RAPL cannot be read: {error}"


def _text(place: Path) -> str:
    return place.read_text(encoding="ascii").strip()


def _machine() -> str:
    """The processor's name, as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()


# The entry ------------------------------------------------------------------------------------------------------------


def entry_text(made: Calibration, name: str, active_w: float | None = None, idle_w: float | None = None) -> str:
    """The catalogue entry (TOML), a file that a mission can name: `accelerator = "NAME.toml"`.

    Watts come from the calibration or from the caller, who read them off an instrument; `DataError` without either.
    """
    busy, rest = active_w or made.active_w, idle_w if idle_w is not None else made.idle_w
    if busy is None or rest is None:
        raise DataError("power", made.power_note, "give what an instrument says: --active-w and --idle-w")
    if not 0 <= rest <= busy:
        raise DataError("power", f"idle {rest:g} W, active {busy:g} W", "at work it draws at least what it does idle")
    rate = "one core in a cell, orbital calibrate"
    power = "given by whoever calibrated" if active_w or idle_w is not None else made.power_note
    sure = "assumption" if active_w or idle_w is not None else "measured"
    rows = [
        ("kind", '"cpu"', "what it is", "measured"),
        ("int8_ops_per_s", f"{made.int8_ops_per_s}", rate, "measured"),
        ("float_ops_per_s", f"{made.float_ops_per_s}", rate, "measured"),
        ("utilisation", "1.0", "the rates are those reached, not a data sheet's peak", "measured"),
        ("idle_w", f"{rest:.3f}", power, sure),
        ("active_w", f"{busy:.3f}", power, sure),
        ("throttled_w", f"{(rest + busy) / 2:.3f}", "half of the time stopped (SIGSTOP)", "assumption"),
        ("throttled_ops_fraction", "0.5", "half of the time stopped (SIGSTOP)", "assumption"),
        ("boot_s", "0.3", "a cell's start", "assumption"),
        ("fuel_per_s", f"{made.fuel_per_s}", rate, "measured"),
        ("hot_limit_c", "80.0", "as the catalogue's", "assumption"),
        ("memory_bytes", f"{_memory_bytes()}", "what the system says", "measured"),
        ("devices", '["arm-board"]', "no cross-section of this machine is known", "assumption"),
    ]
    lines = [f"[{name}]", f"about = {json.dumps(made.machine)}"]
    for key, value, source, confidence in rows:
        origin = f'source = {json.dumps(source)}, date = "{made.measured}", confidence = "{confidence}"'
        lines.append(f"{key} = {{ value = {value}, {origin} }}")
    return "\n".join(lines) + "\n"


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
