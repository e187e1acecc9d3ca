"""The SDK's way to orbit: make a job, submit it to a mission on the twin, look at what came back.

    from orbitalcloud import job, submit, result
    mine = job("net.onnx", ["tile.npy"], name="flood-map", deadline_min=300)
    flight = submit(mine, "genesis-1", station="svalbard")
    result(flight)                        # in a notebook: a table; .outputs are the bytes, by run

Submitting means flying: the job becomes a `[[job]]` of a copy of the mission, which is flown to its end. A job is not
yet handed to an `orbital serve` that is under way.
"""

from __future__ import annotations

import html
import json
import shutil
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orbitalcloud.core import MINUTE, DataError, Instant, records
from orbitalcloud.core.time import instant_of
from orbitalcloud.mission import Loaded, load
from orbitalcloud.mission.decode import loads
from orbitalcloud.mission.manifest import JobFile, load_job, loads_job
from orbitalcloud.sim import fly
from orbitalcloud.twin import Folder, free_name
from orbitalcloud.twin.flight import file_name
from orbitalcloud.twin.folder import MISSION_FILE

FLIGHTS = Path("flights")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job on a flight. `output` is None where no result came down, and `text` says why."""

    job: str
    satellite: str
    output: bytes | None
    text: str
    seconds: float
    joules: float
    delay_min: float | None


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a submitted job became; in a notebook it shows itself as a table."""

    name: str
    folder: Path
    runs: tuple[Run, ...]

    @property
    def outputs(self) -> list[bytes | None]:
        """By run, in the order of the inputs."""
        return [run.output for run in self.runs]

    @property
    def complete(self) -> bool:
        """Whether every run's result came down."""
        return bool(self.runs) and all(run.output is not None for run in self.runs)

    def rows(self) -> list[tuple[str, ...]]:
        """Run, satellite, seconds, joules, minutes to the result, bytes, words."""
        return [
            (
                run.job,
                run.satellite or "–",
                f"{run.seconds:.3g}",
                f"{run.joules:.3g}",
                "–" if run.delay_min is None else f"{run.delay_min:.1f}",
                "–" if run.output is None else str(len(run.output)),
                run.text,
            )
            for run in self.runs
        ]

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


HEAD = ("run", "satellite", "seconds", "joules", "minutes to the result", "bytes", "")


def job(
    artefact: str | Path | bytes | Sequence[str | Path],
    inputs: Sequence[str | Path | bytes],
    *,
    name: str = "job",
    deadline_min: float = 480.0,
    value: int = 1,
    fuel: int = 10_000_000_000,
    memory_mb: int = 512,
) -> JobFile:
    """A job from files or bytes: an ONNX model, a WASM module, or a list of such files as a pipeline.

    Raises `MissionError` (a `DataError`) with the reason for what no satellite could run.
    """
    with tempfile.TemporaryDirectory(prefix="orbital-job-") as folder:
        many = isinstance(artefact, list | tuple)
        codes: list[str | Path | bytes] = list(artefact) if many else [artefact]  # type: ignore[arg-type, list-item]
        names = [_place(folder, f"artefact-{n}", one) for n, one in enumerate(codes)]
        given = [_place(folder, f"input-{n}", one) for n, one in enumerate(inputs)]
        lines = [
            f"name = {json.dumps(name)}",
            f"artefact = {json.dumps(names if many else names[0])}",
            f"input = {json.dumps(given)}",
            f"deadline_min = {float(deadline_min)!r}",
            f"value = {value!r}",
            "[limits]",
            f"fuel = {fuel!r}",
            f"memory_mb = {memory_mb!r}",
        ]
        return loads_job("\n".join(lines).encode(), f"job {name}", folder, now())


def _place(folder: str, name: str, thing: str | Path | bytes) -> str:
    """Where it lies: bytes are put into the folder."""
    if not isinstance(thing, bytes):
        text = str(thing)
        return text if text.startswith("workload:") else str(Path(text).expanduser().resolve())
    place = Path(folder) / name
    place.write_bytes(thing)
    return str(place)


def now() -> Instant:
    """The real clock's."""
    return Instant(time.time_ns())


def submit(
    job: JobFile | str | Path,
    mission: str | Path = "genesis-1",
    *,
    station: str = "",
    hour: float = 0.0,
    seed: int | None = None,
    out: Path | None = None,
) -> Folder:
    """Fly the mission with the job in it; one run for each input, asked for at `hour` at `station` (or the first).

    `DataError` where the mission has no such station, or its law is one that the job forbids, or the job is due too
    early. The flight's folder is a complete one: `orbital report` works on it.
    """
    loaded = load(mission)
    asked = load_job(job, instant_of(loaded.mission.epoch)) if isinstance(job, str | Path) else job
    folder = Folder.create(out or free_name(FLIGHTS, f"{loaded.mission.name}-{asked.manifest.name}"))
    files = Path(folder.path).with_name(f"{Path(folder.path).name}.job")
    files.mkdir(parents=True, exist_ok=True)
    try:
        combined = with_job(loaded, asked, files, station, hour)
    except BaseException:
        shutil.rmtree(files, ignore_errors=True)  # refused: nothing of it stays
        raise
    fly(combined, folder, loaded.mission.seed if seed is None else seed)
    return folder


def with_job(loaded: Loaded, asked: JobFile, files: Path, station: str = "", hour: float = 0.0) -> Loaded:
    """The mission with the job as one more `[[job]]` for each input; its files are written to `files`."""
    where = station or (loaded.mission.station[0].name if loaded.mission.station else "on-board")
    for ground in loaded.stations:
        if ground.name == where and ground.jurisdiction in asked.manifest.forbidden:
            raise DataError("station", where, f"its law is {ground.jurisdiction}'s, which the job forbids")
    if hour * 3_600e9 + asked.deadline_ns > loaded.ends - loaded.starts:
        raise DataError("deadline", f"hour {hour:g}", "the mission ends before the job is due: submit it earlier")
    artefact = _store(files, "artefact", asked.artefact.data)
    tables = [loaded.text.rstrip(), ""]
    for number, (_, data) in enumerate(asked.inputs):
        tables += [
            "[[job]]",
            f"name = {json.dumps(run_name(asked, number))}",
            f"artefact = {json.dumps(artefact)}",
            f"input = [{json.dumps(_store(files, f'input-{number}', data))}]",
            f"at_h = [{float(hour)!r}]",
            f"submit_at = {json.dumps(where)}",
            f"deadline_min = {asked.deadline_ns / 60e9!r}",
            f"value = {asked.manifest.value}",
            f"verify = {json.dumps(asked.manifest.verify)}",
            f"fuel_limit = {asked.manifest.limits.fuel}",
            f"memory_limit_mb = {asked.manifest.limits.memory_mb}",
            "",
        ]
    text = "\n".join(tables).encode()
    place = files / "mission.toml"
    place.write_bytes(text)
    return loads(text, str(place), loaded.folder)


def run_name(asked: JobFile, number: int) -> str:
    """The name of the mission's job for one input."""
    return asked.manifest.name if len(asked.inputs) == 1 else f"{asked.manifest.name[:40]}-{number}"


def _store(files: Path, name: str, data: bytes) -> str:
    place = (files / name).resolve()
    place.write_bytes(data)
    return str(place)


def result(folder: Folder | str | Path, name: str = "") -> JobResult:
    """What became of a job on a flight: the submitted one, or the one of this name. `DataError` if it had none."""
    place = folder if isinstance(folder, Folder) else Folder(Path(folder))
    wanted = [name] if name else _submitted(place)
    runs: dict[str, dict[str, object]] = {}
    for entry in place.entries():
        if isinstance(entry, records.JobSubmitted) and (entry.name in wanted):
            runs[entry.job] = {"text": "no result came down", "name": entry.name, "asked": entry.at}
        one = runs.get(getattr(entry, "job", ""))
        if one is None:
            continue
        if isinstance(entry, records.JobFinished):
            one.update(satellite=entry.node, seconds=entry.duration_ns / 1e9, joules=entry.energy_mj / 1e3)
        elif isinstance(entry, records.ResultDelivered):
            one.update(delay=(entry.at - int(str(one["asked"]))) / MINUTE, text="", satellite=entry.executor)
        elif isinstance(entry, records.JobRefused):
            one.update(text=str(entry.why))
        elif isinstance(entry, records.JobFailed):
            one.update(text=entry.failure)
    if not runs:
        raise DataError("job", name or "submitted", f"the flight {place.path} had no such job")
    ordered = sorted(runs.items(), key=lambda item: wanted.index(str(item[1]["name"])))
    return JobResult(name or wanted[0], Path(place.path), tuple(_run(place, job, one) for job, one in ordered))


def _submitted(place: Folder) -> list[str]:
    """The names that `submit` gave, from the mission that it wrote: those after its artefact file."""
    text = place.read(MISSION_FILE, 2**20).decode()
    own = f"{Path(place.path).name}.job"
    tables = tomllib.loads(text).get("job", [])
    return [table["name"] for table in tables if Path(str(table.get("artefact", ""))).parent.name == own]


def _run(place: Folder, job: str, one: dict[str, object]) -> Run:
    arrived = "delay" in one
    output = (Path(place.path) / "results" / f"{file_name(job)}.bin") if arrived else None
    return Run(
        job,
        str(one.get("satellite", "")),
        output.read_bytes() if output is not None and output.is_file() else None,
        str(one["text"]),
        float(str(one.get("seconds", 0.0))),
        float(str(one.get("joules", 0.0))),
        float(str(one["delay"])) if arrived else None,
    )
