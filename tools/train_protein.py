"""Train the packaged protein-fitness model and cut its held-out input, from FLIP's GB1 data.

    unzip flip-gb1.zip && OPENBLAS_NUM_THREADS=1 python tools/train_protein.py four_mutations_full_data.csv

Data: FLIP (Dallago et al. 2021), splits/gb1 @ 62cace8735f5610e2743cf06ce0f944b37fffaa6, AFL-3.0; measured by Wu et al.
2016 (doi 10.7554/eLife.16965). Split `three_vs_rest`: train on variants with up to three mutations, test on all with
four. An ensemble of eight small perceptrons learns ln(fitness + 0.01); weight decay, target and stopping were chosen on
FLIP's validation rows, not on the test rows.

The trained ensemble is then quantised to integers only (uint8 activations, int8 weights within ±63 so that no CPU's
vector instruction saturates), so that its result has the same bits on every machine: the exact class.
Seeded; the same numpy and BLAS give the same file.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
from scipy.stats import spearmanr

TARGET = Path(__file__).resolve().parent.parent / "src" / "orbitalcloud" / "data" / "compute"
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
MEMBERS, HIDDEN, NARROW = 8, 64, 32
EPOCHS, BATCH, RATE, DECAY, OFFSET = 60, 128, 2e-3, 3e-3, 0.01
TOP = 100

Floats = NDArray[np.float64]
Network = list[Floats]


def read(path: str) -> tuple[NDArray[np.uint8], Floats, NDArray[np.str_]]:
    """Variants uint8 (n, 4), fitness (n,), part (n,) in train, validation, test."""
    with Path(path).open() as file:
        rows = [row for row in csv.DictReader(file) if row["three_vs_rest"]]
    variants = np.array([[AMINO_ACIDS.index(letter) for letter in row["Variants"]] for row in rows], np.uint8)
    fitness = np.array([float(row["Fitness"]) for row in rows])
    part = np.array(["validation" if row["three_vs_rest_validation"] else row["three_vs_rest"] for row in rows])
    return variants, fitness, part


def one_hot(variants: NDArray[np.uint8]) -> Floats:
    return np.eye(20)[variants].reshape(len(variants), 80)


def forward(net: Network, x: Floats) -> tuple[Floats, Floats, Floats]:
    first = np.maximum(x @ net[0] + net[1], 0)
    second = np.maximum(first @ net[2] + net[3], 0)
    return first, second, (second @ net[4] + net[5])[:, 0]


def gradients(net: Network, x: Floats, y: Floats) -> Network:
    first, second, out = forward(net, x)
    d_out = (2 * (out - y) / len(y))[:, None]
    d_second = (d_out @ net[4].T) * (second > 0)
    d_first = (d_second @ net[2].T) * (first > 0)
    grads = [x.T @ d_first, d_first.sum(0), first.T @ d_second, d_second.sum(0), second.T @ d_out, d_out.sum(0)]
    return [g + DECAY * w if i % 2 == 0 else g for i, (g, w) in enumerate(zip(grads, net, strict=True))]


def train(seed: int, x: Floats, y: Floats, x_check: Floats, y_check: Floats) -> Network:
    """Adam; the weights of the epoch whose validation rank correlation is best."""
    draw = np.random.default_rng(seed)
    sizes = [(80, HIDDEN, 4), (HIDDEN, NARROW, HIDDEN), (NARROW, 1, 2 * NARROW)]
    net: Network = []
    for rows, columns, fan in sizes:
        net += [draw.normal(0, np.sqrt(2 / fan), (rows, columns)) * (0.5 if rows == 80 else 1), np.zeros(columns)]
    mean, square, step, best, kept = [0 * w for w in net], [0 * w for w in net], 0, -1.0, net
    for epoch in range(EPOCHS):
        order = draw.permutation(len(x))
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            step += 1
            for i, g in enumerate(gradients(net, x[chosen], y[chosen])):
                mean[i] = 0.9 * mean[i] + 0.1 * g
                square[i] = 0.999 * square[i] + 0.001 * g * g
                rate = RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                net[i] = net[i] - rate * mean[i] / (np.sqrt(square[i]) + 1e-8)
        rank = float(spearmanr(forward(net, x_check)[2], y_check)[0]) if epoch % 5 == 4 else -1.0
        if rank > best:
            best, kept = rank, [w.copy() for w in net]
    return kept


def quantise(nets: list[Network], x: Floats, spread: float, centre: float) -> dict[str, NDArray[np.generic]]:
    """Integer tables and weights; the sum over members is ln(fitness + OFFSET) in thousandths after one division.

    Activations are scaled so that the training set's largest value becomes 255. Every step keeps 8 fractional bits
    before a rounding division, so that rounding is the only loss.
    """
    tables, weights, biases, divisors, heads = [], [], [], [], []
    inputs, outputs = [], []
    for net in nets:
        first, second, _ = forward(net, x)
        in_scale, weight_scale, out_scale = 255 / first.max(), 63 / np.abs(net[2]).max(), 255 / second.max()
        tables.append(np.rint((net[0] + np.tile(net[1] / 4, (80, 1))) * in_scale * 256).reshape(4, 20, HIDDEN))
        weights.append(np.rint(net[2] * weight_scale))
        biases.append(np.rint(net[3] * in_scale * weight_scale))
        divisors.append(round(in_scale * weight_scale / out_scale))
        inputs.append(in_scale * weight_scale)
        outputs.append(in_scale * weight_scale / divisors[-1])
    head_scale = min(63 / np.abs(net[4] / s).max() for net, s in zip(nets, outputs, strict=True))
    heads = [np.rint(net[4] / s * head_scale) for net, s in zip(nets, outputs, strict=True)]
    per_member = spread * 1000 / MEMBERS
    offset = sum(float(net[5][0]) for net in nets) * per_member + 1000 * centre
    return {
        "tables": np.concatenate(tables, axis=2).astype(np.int32),
        "weights": np.stack(weights).astype(np.int8),
        "biases": np.stack(biases)[:, None, :].astype(np.int32),
        "divisors": np.array(divisors, np.int32)[:, None, None],
        "heads": np.stack(heads).astype(np.int8),
        "head_divisor": np.array(round(head_scale / per_member * 2**8), np.int32),
        "offset": np.array(round(offset), np.int32),
    }


def build(q: dict[str, NDArray[np.generic]]) -> ModelProto:
    """The integer graph: uint8 (n, 4) → `top` int32 (TOP,) row numbers, best first, and `scores` int16 (n,)."""
    nodes, constants = [], {k: v for k, v in q.items() if k != "tables"}

    def op(kind: str, inputs: list[str], output: str, **attributes: int | list[int]) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def const(name: str, value: object, dtype: type = np.int32) -> str:
        constants[name] = np.array(value, dtype)
        return name

    op("Cast", ["variants"], "letters", to=TensorProto.INT32)
    total = ""
    for site in range(4):
        constants[f"table{site}"] = q["tables"][site]
        column = op("Gather", ["letters", const(f"site{site}", site, np.int64)], f"column{site}", axis=1)
        row = op("Gather", [f"table{site}", column], f"row{site}", axis=0)
        total = op("Add", [total, row], f"sum{site}") if total else row
    zero, top, half = const("zero", 0), const("full", 255), const("half", 128)
    x = op("Max", [op("Add", [total, half], "rounded"), zero], "positive")
    x = op("Min", [op("Div", [x, const("256", 256)], "scaled"), top], "clipped")
    x = op("Cast", [x], "bytes", to=TensorProto.UINT8)
    x = op("Reshape", [x, const("split", [-1, MEMBERS, HIDDEN], np.int64)], "members")
    x = op("Transpose", [x], "by_member", perm=[1, 0, 2])
    x = op("Add", [op("MatMulInteger", [x, "weights"], "products"), "biases"], "second")
    x = op("Div", [op("Max", [x, zero], "second_positive"), "divisors"], "second_scaled")
    x = op("Cast", [op("Min", [x, top], "second_clipped")], "second_bytes", to=TensorProto.UINT8)
    x = op("MatMulInteger", [x, "heads"], "head")
    x = op("ReduceSum", [x, const("axes", [0, 2], np.int64)], "vote", keepdims=0)
    x = op("Div", [op("Mul", [x, "256"], "fine"), "head_divisor"], "milli")
    score = op("Add", [x, "offset"], "score")
    op("Cast", [score], "scores", to=TensorProto.INT16)
    nodes.append(helper.make_node("TopK", [score, const("k", [TOP], np.int64)], ["best", "rows"], axis=0))
    op("Cast", ["rows"], "top", to=TensorProto.INT32)
    graph = helper.make_graph(
        nodes,
        "protein-fitness",
        [helper.make_tensor_value_info("variants", TensorProto.UINT8, ["n", 4])],
        [
            helper.make_tensor_value_info("top", TensorProto.INT32, [TOP]),
            helper.make_tensor_value_info("scores", TensorProto.INT16, ["n"]),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="orbitalcloud")


def main() -> None:
    import onnxruntime

    variants, fitness, part = read(sys.argv[1])
    target = np.log(fitness + OFFSET)
    rows, check, test = part == "train", part == "validation", part == "test"
    centre, spread = target[rows].mean(), target[rows].std()
    x, y = one_hot(variants), (target - centre) / spread
    nets = [train(seed, x[rows], y[rows], x[check], fitness[check]) for seed in range(MEMBERS)]
    floats = np.mean([forward(net, x)[2] for net in nets], axis=0)
    model = build(quantise(nets, x[rows], float(spread), float(centre)))
    checker.check_model(model, full_check=True)
    data = model.SerializeToString(deterministic=True)
    session = onnxruntime.InferenceSession(data)
    integers = session.run(["scores"], {"variants": variants})[0]
    ridge = np.linalg.solve(x[rows].T @ x[rows] + np.eye(80), x[rows].T @ (fitness[rows] - fitness[rows].mean()))
    for name, where in (("validation", check), ("test", test)):
        scores = [float(spearmanr(p[where], fitness[where])[0]) for p in (x @ ridge, floats, integers)]
        print(f"{name}: {where.sum()} variants, Spearman: ridge %.4f, ensemble %.4f, integers %.4f" % tuple(scores))
    (TARGET / "protein-fitness.onnx").write_bytes(data)
    stream = io.BytesIO()
    np.savez_compressed(stream, variants=variants[test], fitness=fitness[test].astype(np.float32))
    (TARGET / "gb1-four-mutants.npz").write_bytes(stream.getvalue())
    print(f"model {len(data)} bytes, held-out {len(stream.getvalue())} bytes")


if __name__ == "__main__":
    main()
