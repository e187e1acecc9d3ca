"""One flipped bit in a running job, for real: the artefact, its input, its working memory or its output is changed in
one bit and the run is executed with the changed bytes.

    sizes = footprint(artefact, data, output, limits)       # bits of each place
    flip = draw_flip(sizes, seed)                           # where a particle struck: each bit as likely as any other
    outcome = execute_struck(artefact, data, limits, flip)

Places: `weights` are an ONNX model's initialisers in their order (a module has its constants in its memory);
`input` the job's input as it lies in memory; `memory` the activations between operators, or a module's linear memory
when its input lies in it; `output` what it hands over, before anybody took its digest. Code is not struck: it lies in
the processor's caches with parity, and a flipped instruction is a crash as a rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.meter import count_model
from orbitalcloud.compute.onnx_graph import model_of, parse_model, resolve
from orbitalcloud.compute.onnx_runtime import checked_outputs, input_tensors, run_graph, runtime_name
from orbitalcloud.compute.tensors import Tensor, write_tensors
from orbitalcloud.compute.usage import Failure, Limits, Outcome, Usage, finished
from orbitalcloud.compute.wasm_runtime import run_wasm, static_memory_bytes
from orbitalcloud.core.seed import Seed

if TYPE_CHECKING:
    from onnx import ModelProto

Place = Literal["weights", "input", "memory", "output"]
PLACES: tuple[Place, ...] = ("weights", "input", "memory", "output")


@dataclass(frozen=True, slots=True)
class Flip:
    """Bit number `bit` of a place, counted from its first byte's lowest."""

    place: Place
    bit: int


def footprint(artefact: Artefact, data: bytes, output: bytes, limits: Limits) -> dict[Place, int]:
    """How many bits of each place a run keeps in memory; 0 for the memory of a model that does not fit its input."""
    if artefact.kind == "wasm":
        static = static_memory_bytes(artefact, limits)
        return {"weights": 0, "input": 8 * len(data), "memory": 8 * static, "output": 8 * len(output)}
    try:
        memory = sum(_activations(artefact, input_tensors(artefact, data, limits)).values())
    except Failure:
        memory = 0
    return {"weights": weight_bits(artefact), "input": 8 * len(data), "memory": 8 * memory, "output": 8 * len(output)}


def weight_bits(artefact: Artefact) -> int:
    """Bits of a model's initialisers."""
    return 8 * sum(_weight_bytes(one) for one in model_of(artefact).graph.initializer)


def draw_flip(sizes: Mapping[Place, int], seed: Seed, counter: int = 0) -> Flip:
    """A bit of all these, each as likely; the same for the same seed and counter."""
    return flip_at(sizes, seed.child("flip").below(max(1, sum(sizes.values())), counter))


def flip_at(sizes: Mapping[Place, int], bit: int) -> Flip:
    """Bit number `bit` of the places one after another."""
    for place in PLACES:
        size = sizes.get(place, 0)
        if bit < size:
            return Flip(place, bit)
        bit -= size
    raise ValueError("the bit lies beyond all places")


def flipped(data: bytes, bit: int) -> bytes:
    """The bytes with one bit turned."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def flip_weight(artefact: Artefact, bit: int) -> Artefact:
    """The ONNX model with one bit of its initialisers turned; its digest is that of the changed bytes."""
    from onnx import numpy_helper

    model = parse_model(artefact.data)
    for index, weight in enumerate(model.graph.initializer):
        size = 8 * _weight_bytes(weight)
        if bit < size:
            array = np.asarray(numpy_helper.to_array(weight))
            struck = np.frombuffer(flipped(array.tobytes(), bit), array.dtype).reshape(array.shape)
            model.graph.initializer[index].CopyFrom(numpy_helper.from_array(struck, weight.name))
            return Artefact("onnx", model.SerializeToString(deterministic=True))
        bit -= size
    raise ValueError("the bit lies beyond the weights")


def execute_struck(artefact: Artefact, data: bytes, limits: Limits, flip: Flip) -> Outcome:
    """Execute with that bit turned; like `execute` it never raises for what comes of it."""
    if flip.place == "input":
        data = flipped(data, flip.bit)
    if artefact.kind == "wasm":
        outcome = run_wasm(artefact, data, limits, flip.bit if flip.place == "memory" else None)
    else:
        outcome = _struck_model(artefact, data, limits, flip)
    if flip.place == "output" and outcome.ok and outcome.output:
        return replace(outcome, output=flipped(outcome.output, flip.bit % (8 * len(outcome.output))))
    return outcome


def _struck_model(artefact: Artefact, data: bytes, limits: Limits, flip: Flip) -> Outcome:
    usage = Usage(input_bytes=len(data))
    try:
        feeds = input_tensors(artefact, data, limits)
        usage = count_model(artefact, {name: one.shape for name, one in feeds.items()}, len(data))
        if flip.place == "memory":
            tensors = _struck_activation(artefact, feeds, flip.bit)
        elif flip.place == "weights":
            tensors = run_graph(flip_weight(artefact, flip.bit), feeds)
        else:
            tensors = run_graph(artefact, feeds)
        checked_outputs(tensors, limits)
        return finished(write_tensors(tensors), usage, limits, runtime_name())
    except Failure as failure:
        return Outcome(b"", failure.usage or usage, failure.name, failure.text, runtime_name())


def _struck_activation(artefact: Artefact, feeds: Mapping[str, Tensor], bit: int) -> dict[str, Tensor]:
    """Run up to the struck tensor, turn its bit, and run the rest with it."""
    sizes = _activations(artefact, feeds)
    name, bit = _holder(sizes, bit)
    value = next(iter(run_graph(_until(artefact, name), feeds).values()))
    struck = np.frombuffer(flipped(value.tobytes(), bit % (8 * max(1, value.nbytes))), value.dtype).reshape(value.shape)
    after = _after(artefact, name, struck)
    wanted = {one.name for one in parse_model(after.data).graph.input}
    given = {key: one for key, one in feeds.items() if key in wanted}
    sound = run_graph(after, {**given, f"{name}/struck": value})
    ended = run_graph(after, {**given, f"{name}/struck": struck})
    same = all(sound[key].tobytes() == one.tobytes() for key, one in ended.items())
    return run_graph(artefact, feeds) if same else ended  # a graph in two parts rounds otherwise than one that is fused


def _holder(sizes: Mapping[str, int], bit: int) -> tuple[str, int]:
    """The tensor in which a bit of all these lies, and which of its bits that is."""
    for name, size in sizes.items():
        if bit < 8 * size:
            return name, bit
        bit -= 8 * size
    raise ValueError("the bit lies beyond the activations")


def _activations(artefact: Artefact, feeds: Mapping[str, Tensor]) -> dict[str, int]:
    """Bytes of each tensor that an operator hands to another, in the order of the graph."""
    model = model_of(artefact)
    nodes, shapes = resolve(model, {name: one.shape for name, one in feeds.items()})
    ends = {one.name for one in model.graph.output}
    used = {name for node in nodes for name in node.input}
    there = {name for node in model.graph.node for name in node.output}
    return {
        name: math.prod(shapes[name][0]) * shapes[name][1]
        for node in nodes
        for name in node.output
        if name in used and name in there and name not in ends and name in shapes
    }


def _until(artefact: Artefact, name: str) -> Artefact:
    from onnx import ValueInfoProto

    model = parse_model(artefact.data)
    del model.graph.output[:]
    model.graph.output.append(ValueInfoProto(name=name))
    return _pruned(model)


def _after(artefact: Artefact, name: str, value: Tensor) -> Artefact:
    from onnx import helper

    model = parse_model(artefact.data)
    for node in model.graph.node:
        for index, given in enumerate(node.input):
            if given == name:
                node.input[index] = f"{name}/struck"
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    model.graph.input.append(helper.make_tensor_value_info(f"{name}/struck", kind, value.shape))
    return _pruned(model)


def _pruned(model: ModelProto) -> Artefact:
    """Only the operators, weights and inputs that its outputs need."""
    graph = model.graph
    wanted, live = {one.name for one in graph.output}, list[Any]()
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            live.append(node)
    weights = [one for one in graph.initializer if one.name in wanted]
    inputs = [one for one in graph.input if one.name in wanted]
    del graph.node[:], graph.initializer[:], graph.input[:], graph.value_info[:]
    graph.node.extend(reversed(live))
    graph.initializer.extend(weights)
    graph.input.extend(inputs)
    return Artefact("onnx", model.SerializeToString(deterministic=True))


def _weight_bytes(weight: Any) -> int:
    from onnx import helper

    return int(math.prod(weight.dims) * np.dtype(helper.tensor_dtype_to_np_dtype(weight.data_type)).itemsize)
