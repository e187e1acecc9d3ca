"""A module has its memory, its fuel and nothing else; whatever it does is an outcome."""

from __future__ import annotations

import pytest
from wasmtime import wat2wasm

from orbitalcloud.compute import Artefact, Limits, execute, verification_of
from orbitalcloud.compute.wasm_runtime import PAGE

MEMORY = '(memory (export "memory") 1)'
ALLOC = '(func (export "alloc") (param i32) (result i32) i32.const 1024)'
LIMITS = Limits(fuel=1_000_000, memory_bytes=4 * PAGE, output_bytes=1000)


def module(run: str, alloc: str = ALLOC, memory: str = MEMORY, more: str = "") -> Artefact:
    code = f'(module {memory} {alloc} {more} (func (export "run") (param i32 i32) (result i64) {run}))'
    return Artefact.of(bytes(wat2wasm(code)))


def packed(pointer: str, size: str) -> str:
    return f"(i64.or (i64.shl (i64.extend_i32_u {pointer}) (i64.const 32)) (i64.extend_i32_u {size}))"


ECHO = packed("(local.get 0)", "(local.get 1)")


def test_what_goes_in_comes_out() -> None:
    outcome = execute(module(ECHO), b"hello", LIMITS)
    assert (outcome.failure, outcome.output) == (None, b"hello")
    assert outcome.usage.input_bytes == outcome.usage.output_bytes == 5
    assert outcome.usage.memory_bytes == PAGE
    assert 0 < outcome.usage.fuel < 100
    assert execute(module(ECHO), b"", LIMITS).output == b""


def test_an_endless_loop_ends_when_its_fuel_does() -> None:
    outcome = execute(module("(loop br 0) i64.const 0"), b"x", LIMITS)
    assert outcome.failure == "fuel"
    assert outcome.usage.fuel >= LIMITS.fuel - 2


def test_fuel_is_the_number_of_steps_and_the_same_every_time() -> None:
    count = """(local $i i32) (local.set $i (local.get 1))
      (block (loop (br_if 1 (i32.eqz (local.get $i))) (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br 0)))
      (i64.const 0)"""
    used = [execute(module(count), bytes(n), LIMITS).usage.fuel for n in (100, 200, 300, 300)]
    assert used[2] - used[1] == used[1] - used[0] > 0
    assert used[3] == used[2]


def test_memory_ends_at_the_limit() -> None:
    hog = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable"
    outcome = execute(module(hog), b"x", LIMITS)
    assert (outcome.failure, outcome.usage.memory_bytes) == ("memory", 4 * PAGE)
    greedy = module(ECHO, memory='(memory (export "memory") 1000)')
    assert execute(greedy, b"x", LIMITS).failure == "memory"
    full = module(ECHO, alloc='(func (export "alloc") (param i32) (result i32) i32.const 0)')
    assert execute(full, b"x", LIMITS).failure == "memory"


@pytest.mark.parametrize(
    ("run", "name"),
    [
        ("unreachable", "trap"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0))) i64.const 0", "trap"),
        ("(drop (i32.load (i32.const 999999))) i64.const 0", "trap"),
        (packed("(i32.const -16)", "(i32.const 100)"), "abi"),
        (packed("(i32.const 65530)", "(i32.const 100)"), "abi"),
        (packed("(i32.const 0)", "(i32.const 1001)"), "output-size"),
        (packed("(i32.const 0)", "(i32.const -1)"), "output-size"),
    ],
)
def test_misbehaviour_has_a_name(run: str, name: str) -> None:
    outcome = execute(module(run), b"x", LIMITS)
    assert (outcome.failure, outcome.output) == (name, b"")
    assert outcome.text


def test_deep_recursion_is_a_trap_not_a_crash() -> None:
    outcome = execute(module("(call $down) i64.const 0", more="(func $down (call $down))"), b"x", LIMITS)
    assert outcome.failure in ("trap", "fuel")


def test_an_input_pointer_outside_the_memory_is_refused() -> None:
    wild = module(ECHO, alloc='(func (export "alloc") (param i32) (result i32) i32.const -8)')
    assert execute(wild, b"0123456789", LIMITS).failure == "abi"


def test_a_start_function_is_metered_too() -> None:
    loop = module(ECHO, more="(func $spin (loop br 0)) (start $spin)")
    assert execute(loop, b"x", LIMITS).failure == "fuel"


def test_an_unchecked_module_cannot_reach_its_host() -> None:
    run = '(func (export "run") (param i32 i32) (result i64) i64.const 0)'
    code = f'(module (import "env" "f" (func)) {MEMORY} {ALLOC} {run})'
    outcome = execute(Artefact("wasm", bytes(wat2wasm(code))), b"x", LIMITS)
    assert outcome.failure == "artefact"


def test_runs_share_nothing() -> None:
    counter = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))"
    artefact = module(counter + packed("(i32.const 0)", "(i32.const 4)"))
    assert [execute(artefact, b"x", LIMITS).output for _ in range(3)] == [b"\1\0\0\0"] * 3
    assert verification_of(artefact) == "exact"


def test_nans_are_canonical() -> None:
    nan = "(f32.store (i32.const 0) (f32.div (f32.load (i32.const 8)) (f32.load (i32.const 8))))"
    assert execute(module(nan + packed("(i32.const 0)", "(i32.const 4)")), b"x", LIMITS).output == b"\x00\x00\xc0\x7f"
