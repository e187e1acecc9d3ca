"""What a run may use and what it used: integers, made by the runtimes, priced by the meter."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run. `fuel` (about an instruction each) binds WASM, `operations` binds ONNX (0: no bound)."""

    fuel: int = 10_000_000_000
    memory_bytes: int = 512 * 2**20
    output_bytes: int = 16 * 2**20
    operations: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Meter readings: `operations` are arithmetic operations (a multiply-accumulate is 2), all of `integer` operators
    or priced as float32; `fuel` is WASM's."""

    operations: int = 0
    fuel: int = 0
    memory_bytes: int = 0
    input_bytes: int = 0
    output_bytes: int = 0
    integer: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `output` if `failure` is None, else the stable name of what the artefact did and a sentence.

    Names: `artefact` (cannot be loaded), `shape` (input does not fit), `unmetered`, `operations`, `fuel`, `memory`,
    `trap`, `abi` (exports or pointers are not as documented), `output-size`, `output-value`, `runtime`; and, where the
    run had a process of its own (`twin.cells`), `wall-time`, `cpu-time`, `crash` (a signal ended it), `stopped` (we
    did) and `host` (the process could not be started, or said nonsense).
    """

    output: bytes
    usage: Usage
    failure: str | None = None
    text: str = ""
    runtime: str = ""

    @property
    def ok(self) -> bool:
        return self.failure is None


class Failure(Exception):  # noqa: N818, RUF100 - an outcome of the artefact's, not an error of ours
    """Carries a failure from inside a runtime to its edge, where it becomes an `Outcome`."""

    def __init__(self, name: str, text: str, usage: Usage | None = None) -> None:
        self.name, self.text, self.usage = name, text, usage
        super().__init__(f"{name}: {text}")


def finished(output: bytes, usage: Usage, limits: Limits, runtime: str) -> Outcome:
    """The outcome of a run that returned `output`, which may still be too large."""
    full = replace(usage, output_bytes=len(output))
    if len(output) > limits.output_bytes:
        text = f"{len(output)} bytes of output, {limits.output_bytes} allowed"
        return Outcome(b"", full, "output-size", text, runtime)
    return Outcome(output, full, runtime=runtime)
