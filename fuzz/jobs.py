"""Pipelines, a cell's answers, manifests, and the size of a model before it is parsed."""

from __future__ import annotations

from orbitalcloud.compute import Artefact, Outcome, Usage, workload
from orbitalcloud.compute.cell_wire import Ready, answer_of, frame, read_answer, read_ready
from orbitalcloud.compute.onnx_scan import check_sizes
from orbitalcloud.compute.pipeline import parse_pipeline, pipeline
from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.mission.manifest import decode_manifest

MANIFEST = b"""name = "flood-map"
artefact = ["a.wasm", "b.onnx"]
input = ["tile.npy"]
deadline_min = 300
value = 3
[limits]
fuel = 50_000_000
"""


def corpus() -> dict[str, bytes]:
    """The packaged module twice in a pipeline, the packaged model, an answer, a cell's first word, a manifest."""
    module = workload("water-map").artefact()
    answer = answer_of(Outcome(b"out", Usage(1, 2, 3, 4, 5, True), None, "", "wasmtime"), 1, 2)
    return {
        "pipeline": pipeline([module, module]).data,
        "model": workload("protein-fitness").artefact().data[:4096],
        "answer": bytes(frame(answer))[4:],
        "ready": bytes(frame(Ready(1, ("parent",))))[4:],
        "manifest": MANIFEST,
    }


def target(data: bytes) -> None:
    """As each of them; what is taken is whole, and says the same again."""
    try:
        stages = parse_pipeline(b"OPL1" + data.removeprefix(b"OPL1"))
        assert parse_pipeline(pipeline(stages).data) == stages
        assert all(isinstance(stage, Artefact) for stage in stages)
    except DataError:
        pass
    for read in (read_answer, read_ready):
        try:
            word = read(data)
            assert read(bytes(frame(word))[4:]) == word
        except RemoteProtocolError:
            pass
    for look in (check_sizes, lambda given: decode_manifest(given, "fuzz.toml")):
        try:
            look(data)
        except DataError:
            pass
