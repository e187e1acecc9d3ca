"""What a mission stands on: every file that it names, each by its digest, so that the same mission is the same bytes.

Workloads that ship are not among them: a flight's software version stands for those.
"""

from __future__ import annotations

from collections.abc import Iterator

from orbitalcloud.core import DataError, digest_of
from orbitalcloud.mission.check_values import WORKLOAD
from orbitalcloud.mission.faults import TamperedUpdate
from orbitalcloud.mission.files import read_bytes
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import Problems
from orbitalcloud.mission.types import Mission


def named(mission: Mission) -> Iterator[tuple[Path, str]]:
    """Every file that the mission reads, with the key that names it; one that is named twice comes twice."""
    for index, satellite in enumerate(mission.satellite):
        if satellite.omm is not None:
            yield ("satellite", index, "omm"), satellite.omm
        if satellite.oem is not None:
            yield ("satellite", index, "oem"), satellite.oem
        if satellite.accelerator is not None and satellite.accelerator.endswith(".toml"):
            yield ("satellite", index, "accelerator"), satellite.accelerator
    for index, job in enumerate(mission.job):
        if job.artefact is not None and not job.artefact.startswith(WORKLOAD):
            yield ("job", index, "artefact"), job.artefact
        for number, name in enumerate(job.input):
            yield ("job", index, "input", number), name
    if mission.ethereum is not None:
        yield ("ethereum", "bootstrap"), mission.ethereum.bootstrap
        for index, update in enumerate(mission.ethereum.updates):
            yield ("ethereum", "updates", index, "file"), update.file
    for index, transaction in enumerate(mission.transaction):
        if transaction.file is not None:
            yield ("transaction", index, "file"), transaction.file
    for index, fault in enumerate(mission.fault):
        if isinstance(fault, TamperedUpdate):
            yield ("fault", index, "file"), fault.file


def digests(mission: Mission, problems: Problems, folder: str) -> tuple[tuple[str, str], ...]:
    """(name, SHA-256) of every file, by name; one that cannot be read goes to `problems`."""
    found: dict[str, str] = {}
    for path, name in named(mission):
        if name not in found:
            try:
                found[name] = digest_of(read_bytes(name, folder))
            except DataError as error:
                problems.add(path, error.value, f"{error.remedy} ({error.place})")
    return tuple(sorted(found.items()))


def digest_with(data: bytes, files: tuple[tuple[str, str], ...]) -> str:
    """The digest of a mission file's bytes and its files; see `Loaded`."""
    lines = (f"{digest.removeprefix('sha256:')}  {name}\n" for name, digest in files)
    return digest_of(data + "".join(lines).encode())
