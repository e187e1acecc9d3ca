"""Guards, flips and checksummed products against clean runs, and against products worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from orbitalcloud.compute import Artefact, Limits, canary, execute, workload
from orbitalcloud.compute import canary as canary_module
from orbitalcloud.compute.abft import RESIDUALS, with_checksums
from orbitalcloud.compute.bitflips import (
    PLACES,
    Flip,
    draw_flip,
    execute_struck,
    flip_at,
    flip_weight,
    flipped,
    footprint,
)
from orbitalcloud.compute.guards import guard_work, ranges_of, run_guarded
from orbitalcloud.compute.onnx_graph import parse_model
from orbitalcloud.compute.tensors import read_tensors, write_tensor
from orbitalcloud.core import DataError, Seed

LIMITS = Limits()


def made(nodes, shape, weights, out):
    """An artefact of one input `x` and one output `y`."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Artefact.of(model.SerializeToString())


def _net(kind):
    """A product of each kind, with shapes where a wrong axis would not fit."""
    chance = np.random.default_rng(5)
    draw = lambda *shape: chance.normal(size=shape).astype(np.float32)  # noqa: E731
    if kind == "Conv":
        node = helper.make_node("Conv", ["x", "w", "b"], ["y"], pads=[1, 1, 1, 1], strides=[2, 1])
        return made([node], [2, 3, 8, 6], {"w": draw(5, 3, 3, 3), "b": draw(5)}, [2, 5, 4, 6]), draw(2, 3, 8, 6)
    if kind == "MatMul":
        return made([helper.make_node(kind, ["x", "w"], ["y"])], [2, 4, 7], {"w": draw(7, 3)}, [2, 4, 3]), draw(2, 4, 7)
    turned = kind == "GemmT"
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], alpha=0.5, beta=3.0, transB=int(turned))
    weight = draw(3, 7) if turned else draw(7, 3)
    return made([node], [4, 7], {"w": weight, "b": draw(3)}, [4, 3]), draw(4, 7)


@pytest.fixture(scope="module", params=["Conv", "MatMul", "Gemm", "GemmT"])
def net(request):
    artefact, x = _net(request.param)
    return SimpleNamespace(artefact=artefact, data=write_tensor(x))


@pytest.fixture(scope="module")
def protein():
    job = workload("protein-fitness")
    artefact, data = job.artefact(), job.inputs()[0]
    clean = execute(artefact, data, job.limits)
    sizes = footprint(artefact, data, clean.output, job.limits)
    return SimpleNamespace(artefact=artefact, data=data, limits=job.limits, clean=clean, sizes=sizes)


def test_a_sound_product_keeps_its_checksum(net):
    made_of = with_checksums(net.artefact)
    outcome = execute(made_of.artefact, net.data, LIMITS)
    tensors = read_tensors(outcome.output, "output")
    assert tensors["y"].tobytes() == read_tensors(execute(net.artefact, net.data, LIMITS).output, "o")[""].tobytes()
    assert made_of.broken(tensors[RESIDUALS]) == 0
    assert float(tensors[RESIDUALS].max()) < 1e-5


def test_every_flip_that_matters_breaks_a_checksum(net):
    """All bits of the weights: above 1 % of the largest output seen, below 0.01 % not (brute force)."""
    clean = read_tensors(execute(net.artefact, net.data, LIMITS).output, "o")[""]
    scale, seen, missed, alarms = float(np.abs(clean).max()), 0, 0, 0
    weights = sum(numpy_helper.to_array(one).nbytes for one in parse_model(net.artefact.data).graph.initializer)
    for bit in range(0, 8 * weights, 29):
        struck = execute(flip_weight(net.artefact, bit), net.data, LIMITS)
        guarded = run_guarded(net.artefact, net.data, LIMITS, ["checksum"], Flip("weights", bit))
        if not struck.ok:
            assert guarded.trips or guarded.outcome.failure, "infinite: the run or the guard says so"
            continue
        off = np.abs(read_tensors(struck.output, "o")[""].astype(np.float64) - clean).max() / scale
        if off > 0.01:
            seen += 1
            missed += not guarded.trips
        elif off < 1e-5:
            alarms += bool(guarded.trips)
    assert seen > 5
    assert (missed, alarms) == (0, 0)


def test_an_integer_product_is_checked_to_the_last_bit(protein):
    names = [one.name for one in parse_model(protein.artefact.data).graph.initializer]
    assert names[0] == "weights", "the first 16,384 bytes are the products' own"
    for index in range(6):
        flip = Flip("weights", Seed.of(3).child("w").below(8 * 16_384, index))
        guarded = run_guarded(protein.artefact, protein.data, protein.limits, ["checksum"], flip)
        assert [one.guard for one in guarded.trips] == ["checksum"], flip
    same = run_guarded(protein.artefact, protein.data, protein.limits, ["checksum"])
    assert same.outcome.output == protein.clean.output
    assert not same.trips


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_flip_is_one_bit_and_undoes_itself(data, draw):
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    once = flipped(data, bit)
    assert sum((a ^ b).bit_count() for a, b in zip(data, once, strict=True)) == 1
    assert flipped(once, bit) == data


@given(st.integers(0, 10**9))
@settings(max_examples=25)
def test_a_flipped_weight_is_one_bit_of_one_weight(number):
    artefact = workload("protein-fitness").artefact()
    bit = number % 1_453_120
    before, after = (parse_model(one.data).graph.initializer for one in (artefact, flip_weight(artefact, bit)))
    whole, struck = (b"".join(numpy_helper.to_array(one).tobytes() for one in side) for side in (before, after))
    assert struck == flipped(whole, bit)


def test_bits_are_counted_place_by_place(protein):
    bits = [flip_at({"weights": 3, "input": 2, "memory": 0, "output": 1}, n) for n in range(6)]
    assert [(one.place, one.bit) for one in bits] == [
        ("weights", 0), ("weights", 1), ("weights", 2), ("input", 0), ("input", 1), ("output", 0)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="beyond"):
        flip_at({"weights": 3}, 3)
    assert draw_flip(protein.sizes, Seed.of(4)) == draw_flip(protein.sizes, Seed.of(4))


@pytest.mark.parametrize("place", PLACES)
def test_twice_tells_exactly_the_changed_ones(protein, place):
    """The redundant run trips if and only if the struck output differs: brute force against the clean run."""
    for index in range(3):
        flip = Flip(place, Seed.of(9).child(place).below(protein.sizes[place], index))
        struck = execute_struck(protein.artefact, protein.data, protein.limits, flip)
        guarded = run_guarded(protein.artefact, protein.data, protein.limits, ["twice", "restart"], flip)
        differs = (struck.output, struck.failure) != (protein.clean.output, None)
        assert bool(guarded.trips) == differs
        assert guarded.outcome.output == protein.clean.output


@pytest.mark.parametrize("place", ["weights", "input"])
def test_the_digest_sees_what_lies_in_memory(protein, place):
    flip = Flip(place, protein.sizes[place] // 2)
    guarded = run_guarded(protein.artefact, protein.data, protein.limits, ["digest"], flip)
    assert guarded.outcome.failure == "guard-digest"
    assert not guarded.outcome.output
    late = run_guarded(protein.artefact, protein.data, protein.limits, ["digest"], Flip("output", 800))
    assert not late.trips
    assert late.outcome.output == flipped(protein.clean.output, 800)


def test_a_module_is_struck_in_its_memory():
    job = workload("water-map")
    artefact, data = job.artefact(), job.inputs()[0]
    clean = execute(artefact, data, job.limits)
    sizes = footprint(artefact, data, clean.output, job.limits)
    assert (sizes["weights"], sizes["memory"] % (8 * 65_536)) == (0, 0)
    ends = [
        execute_struck(artefact, data, job.limits, Flip("memory", Seed.of(1).child("m").below(sizes["memory"], index)))
        for index in range(60)
    ]
    changed = [one for one in ends if one.output != clean.output]
    assert 0 < len(changed) < 60
    with pytest.raises(DataError, match="ONNX models only"):
        run_guarded(artefact, data, job.limits, ["checksum"])


def test_a_range_is_what_sound_runs_gave():
    outputs = [write_tensor(np.array([0.0, 4.0], np.float32)), write_tensor(np.array([2.0, 8.0], np.float32))]
    ((name, low, high),) = ranges_of(outputs).tensors
    assert (name, low, high) == ("", -2.0, 10.0)
    artefact, x = _net("MatMul")
    data = write_tensor(x)
    clean = execute(artefact, data, LIMITS)
    narrow = ranges_of([clean.output])
    values = read_tensors(clean.output, "o")[""].ravel()
    small = int(np.abs(values).argmin())  # below 1: its highest exponent bit makes it huge
    exponent = 8 * (len(clean.output) - 4 * (len(values) - small)) + 30
    guarded = run_guarded(artefact, data, LIMITS, ["range"], Flip("output", exponent), narrow)
    assert [one.guard for one in guarded.trips] == ["range"]
    assert not run_guarded(artefact, data, LIMITS, ["range"], None, narrow).trips


@pytest.mark.parametrize("guards", [(), ("digest",), ("twice",), ("range", "digest"), ("checksum", "twice")])
def test_the_plan_is_what_a_sound_run_takes(protein, guards):
    ranges = ranges_of([protein.clean.output])
    sound = run_guarded(protein.artefact, protein.data, protein.limits, guards, None, ranges)
    planned = guard_work(protein.artefact, protein.data, protein.clean.usage, guards)
    done, asked = (
        (sum(one.operations for one in work), sum(one.fuel for one in work)) for work in (sound.spent, planned)
    )
    assert asked[1] == done[1]
    assert asked[0] == pytest.approx(done[0], rel=0.02)


@pytest.mark.parametrize("names", [["prayer"], ["digest", "digest"]])
def test_guards_that_are_none_are_refused(protein, names):
    with pytest.raises(DataError):
        run_guarded(protein.artefact, protein.data, protein.limits, names)


def test_the_canary_sings_here_and_would_not_elsewhere(monkeypatch):
    assert all(one.ok for one in canary())
    assert {one.workload for one in canary()} == {"water-map", "protein-fitness"}
    import sys

    module = sys.modules[canary_module.__module__]
    monkeypatch.setitem(module.DIGESTS, "water-map", "sha256:" + "0" * 64)
    assert [one.workload for one in canary() if not one.ok] == ["water-map"]
