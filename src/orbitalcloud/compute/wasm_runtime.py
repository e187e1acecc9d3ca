"""Run a WebAssembly module under fuel and memory limits, with no way out of its sandbox.

The ABI, complete: a module imports nothing and exports

    memory                                the linear memory
    alloc(size: i32) -> i32               a pointer to `size` writable bytes, or 0 when there is no room
    run(pointer: i32, size: i32) -> i64   pointer << 32 | size of the output; size 0 and pointer 0 is an empty output

The host calls `alloc` for the input, writes it, calls `run` and copies the output. Nothing else is offered: no WASI, no
clock, no randomness, no threads. NaNs are canonical and relaxed SIMD is off, so outputs and fuel are the same on every
machine (checked on x86-64 and aarch64), which makes this the exact class of verification.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.usage import Failure, Limits, Outcome, Usage, finished
from orbitalcloud.core.errors import DataError

if TYPE_CHECKING:
    from wasmtime import Engine, Func, Instance, Memory, Module, Store

PAGE = 65_536
_STACK_BYTES = 512 * 1024
_PARAMETERS = {"alloc": (["i32"], ["i32"]), "run": (["i32", "i32"], ["i64"])}


@lru_cache(maxsize=1)
def _engine() -> Engine:
    from wasmtime import Config, Engine

    # wasmtime's objects must go before the interpreter takes their module apart, or each complains at exit
    atexit.register(_engine.cache_clear)
    atexit.register(_module.cache_clear)
    config = Config()
    config.consume_fuel = True
    config.cranelift_nan_canonicalization = True
    config.wasm_threads = False
    config.wasm_relaxed_simd = False
    config.wasm_memory64 = False
    config.wasm_multi_memory = False
    config.parallel_compilation = False
    config.memory_init_cow = False  # it opens a file for each module, which a confined process cannot
    config.max_wasm_stack = _STACK_BYTES
    return Engine(config)


@lru_cache(maxsize=1)
def runtime_name() -> str:
    """`wasmtime 50.0.1`; looked up once, because a confined process cannot open files later."""
    from importlib.metadata import version

    return f"wasmtime {version('wasmtime')}"


@lru_cache(maxsize=16)
def _module(data: bytes) -> Module:
    from wasmtime import Module

    return Module(_engine(), data)


def check_module(data: bytes, place: str) -> None:
    """Raise `DataError` unless `data` validates and keeps to the ABI above."""
    from wasmtime import WasmtimeError

    try:
        module = _module(data)
    except WasmtimeError as error:
        raise DataError(place, f"{len(data)} bytes", f"not a valid WASM module: {_one_line(error)}") from None
    if module.imports:
        wanted = ", ".join(f"{i.module}.{i.name}" for i in module.imports[:4])
        raise DataError(place, f"imports {wanted}", "a module gets nothing from its host: compile it freestanding")
    problem = _abi_problem(module)
    if problem:
        raise DataError(place, problem, "export memory, alloc(i32)->i32 and run(i32,i32)->i64")


def _abi_problem(module: Module) -> str:
    from wasmtime import FuncType, MemoryType

    exports = {e.name: e.type for e in module.exports}
    if not isinstance(exports.get("memory"), MemoryType):
        return "no exported memory"
    for name, (takes, gives) in _PARAMETERS.items():
        kind = exports.get(name)
        if not isinstance(kind, FuncType):
            return f"no exported function {name}"
        if [str(p) for p in kind.params] != takes or [str(r) for r in kind.results] != gives:
            return f"{name} has another type"
    return ""


def run_wasm(artefact: Artefact, data: bytes, limits: Limits, struck_bit: int | None = None) -> Outcome:
    """Execute; whatever the module does becomes a failure of the outcome.

    `struck_bit` of the linear memory is turned once the input lies in it (see `bitflips`).
    """
    store, memory = _store(limits), None
    try:
        check_module(artefact.data, "artefact")
        with _traps(store, limits):
            instance = _instance(store, artefact)
            memory = _memory(store, instance)
            output = _call(store, instance, memory, data, limits, struck_bit)
        usage = _usage(store, memory, data, limits)
        return finished(output, usage, limits, runtime_name())
    except DataError as error:
        return Outcome(b"", Usage(input_bytes=len(data)), "artefact", str(error), runtime_name())
    except Failure as failure:
        usage = _usage(store, memory, data, limits)
        name = failure.name
        if name == "trap" and usage.memory_bytes + PAGE > limits.memory_bytes:
            name = "memory"  # the module gave up after memory.grow was denied
        return Outcome(b"", usage, name, failure.text, runtime_name())
    finally:
        store.close()


def _store(limits: Limits) -> Store:
    from wasmtime import Store

    store = Store(_engine())
    store.set_limits(memory_size=limits.memory_bytes, table_elements=100_000, instances=1, tables=4, memories=1)
    store.set_fuel(limits.fuel)
    return store


@contextmanager
def _traps(store: Store, limits: Limits) -> Iterator[None]:
    from wasmtime import Trap, TrapCode, WasmtimeError

    try:
        yield
    except Trap as trap:
        if trap.trap_code is TrapCode.OUT_OF_FUEL:
            raise Failure("fuel", f"all {limits.fuel} units of fuel were used") from None
        raise Failure("trap", _first_line(trap)) from None
    except WasmtimeError as error:
        text = _one_line(error)
        if "all fuel consumed" in text:
            raise Failure("fuel", f"all {limits.fuel} units of fuel were used") from None
        name = "memory" if "memory" in text and "limit" in text else "trap"
        raise Failure(name, text) from None


def _instance(store: Store, artefact: Artefact) -> Instance:
    from wasmtime import Instance

    return Instance(store, _module(artefact.data), [])


def _memory(store: Store, instance: Instance) -> Memory:
    from wasmtime import Memory

    memory = instance.exports(store)["memory"]
    assert isinstance(memory, Memory), "check_module saw it"
    return memory


def _function(store: Store, instance: Instance, name: str) -> Func:
    from wasmtime import Func

    function = instance.exports(store)[name]
    assert isinstance(function, Func), "check_module saw it"
    return function


def static_memory_bytes(artefact: Artefact, limits: Limits) -> int:
    """The linear memory that a module has before it runs: static data, stack and its first heap; 0 if it fails."""
    store = _store(limits)
    try:
        with _traps(store, limits):
            return int(_memory(store, _instance(store, artefact)).data_len(store))
    except Failure:
        return 0
    finally:
        store.close()


def _call(
    store: Store, instance: Instance, memory: Memory, data: bytes, limits: Limits, struck_bit: int | None
) -> bytes:
    pointer = int(_function(store, instance, "alloc")(store, len(data))) & 0xFFFFFFFF
    if pointer == 0 and data:
        raise Failure("memory", f"alloc found no room for {len(data)} bytes of input")
    if pointer + len(data) > memory.data_len(store):
        raise Failure("abi", "alloc returned a pointer outside the memory")
    memory.write(store, data, pointer)
    if struck_bit is not None:
        place = struck_bit // 8 % memory.data_len(store)
        memory.write(store, bytes([memory.read(store, place, place + 1)[0] ^ 1 << struck_bit % 8]), place)
    packed = int(_function(store, instance, "run")(store, _signed(pointer), len(data))) & 0xFFFFFFFFFFFFFFFF
    start, size = packed >> 32, packed & 0xFFFFFFFF
    if size > limits.output_bytes:
        raise Failure("output-size", f"{size} bytes of output, {limits.output_bytes} allowed")
    if start + size > memory.data_len(store):
        raise Failure("abi", "run returned bytes outside the memory")
    return bytes(memory.read(store, start, start + size))


def _signed(value: int) -> int:
    return value - 2**32 if value >= 2**31 else value


def _usage(store: Store, memory: Memory | None, data: bytes, limits: Limits) -> Usage:
    size = memory.data_len(store) if memory is not None else 0
    return Usage(fuel=limits.fuel - store.get_fuel(), memory_bytes=size, input_bytes=len(data))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _first_line(error: Exception) -> str:
    """The cause of a trap, without the backtrace: symbol names are the module's own text."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else "trap")[:200]
