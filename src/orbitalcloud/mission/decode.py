"""Reading a mission: find the file, decode it strictly, check it, resolve it. Errors carry file, line, key, remedy."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from orbitalcloud.core import DAY, DataError, Instant, MissionError
from orbitalcloud.core.time import instant_of
from orbitalcloud.mission.convert import convert
from orbitalcloud.mission.lines import lines_of
from orbitalcloud.mission.problems import Problems, did_you_mean
from orbitalcloud.mission.resolved import Loaded
from orbitalcloud.mission.types import Mission

MOST_BYTES = 2**20
LEVELS = 16
"""Of tables and arrays in each other: four times what a mission needs."""
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def packaged() -> list[str]:
    """Names of the missions that ship with the package."""
    folder = resources.files("orbitalcloud") / "missions"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def find(name: str) -> Path:
    """The file that a person means: a path, or the bare name of a packaged mission.

    Raises `MissionError` listing the packaged missions and the nearest name if there is no such file.
    """
    if name in packaged():
        return Path(str(resources.files("orbitalcloud") / "missions" / f"{name}.toml"))
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        raise MissionError(name, 0, "", "a folder", "give the mission's file in it, such as ./mission.toml")
    near = did_you_mean(name.removesuffix(".toml"), packaged())
    listed = ", ".join(packaged())
    remedy = near if near.startswith("choose") else f"{near} packaged are: {listed}"
    raise MissionError(name, 0, "", "no such file", f"{remedy}; or give the path of a TOML file")


def load(name: str | Path) -> Loaded:
    """Read, check and resolve a mission by path or packaged name."""
    path = find(str(name))
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise MissionError(str(path), 0, "", error.strerror or str(error), "make it a readable file") from None
    return loads(data, str(path), str(path.parent))


def loads(data: bytes, path: str, folder: str) -> Loaded:
    """As `load`, from the bytes of a mission file whose relative paths start in `folder`."""
    mission, text, problems = _decode(data, path)
    from orbitalcloud.mission.channels import channels  # physics: half a second to import
    from orbitalcloud.mission.check_values import FIRST_YEAR, LAST_YEAR, check_values  # the catalogue
    from orbitalcloud.mission.contents import digest_with, digests
    from orbitalcloud.mission.resolve import crafts, grounds, tasks

    check_values(mission, problems, folder)
    if not FIRST_YEAR <= mission.epoch.year <= LAST_YEAR:
        problems.raise_any()  # no clock of ours reaches there
    starts, ends = span(mission)
    satellites = crafts(mission, starts, ends, problems, folder)
    problems.raise_any()
    links = channels(mission, satellites, starts, problems)
    problems.raise_any()
    files = digests(mission, problems, folder)
    problems.raise_any()
    return Loaded(
        mission=mission,
        text=text,
        digest=digest_with(data, files),
        files=files,
        path=path,
        folder=folder,
        starts=starts,
        ends=ends,
        satellites=satellites,
        stations=grounds(mission),
        channels=links,
        tasks=tasks(mission, starts),
    )


def span(mission: Mission) -> tuple[Instant, Instant]:
    """The half-open time that the mission flies."""
    starts = instant_of(mission.epoch)
    return starts, Instant(starts + round(mission.days * DAY))


def _decode(data: bytes, path: str) -> tuple[Mission, str, Problems]:
    if len(data) > MOST_BYTES:
        raise MissionError(path, 0, "", f"more than {MOST_BYTES} bytes", "keep a mission file below one MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MissionError(
            path, line, "", data[error.start : error.start + 8].hex(), "write the file in UTF-8"
        ) from None
    try:
        tables = tomllib.loads(text)
        deep = _deeper(tables, LEVELS)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(path, text, str(error)) from None
    except RecursionError:
        deep = True
    if deep:
        raise MissionError(path, 0, "", "nested too deeply", "a mission needs four levels at most")
    problems = Problems(path, lines_of(text))
    mission = convert(tables, problems)
    problems.raise_any()
    assert mission is not None, "a conversion that fails says why"
    return mission, text, problems


def _deeper(tables: dict[str, Any], levels: int) -> bool:
    """Whether tables and arrays lie in each other deeper than that; however deep the process may recurse."""
    here: list[Any] = [tables]
    for _ in range(levels):
        inside = [one for each in here for one in (each.values() if isinstance(each, dict) else each)]
        here = [one for one in inside if isinstance(one, dict | list)]
    return bool(here)


def _syntax(path: str, text: str, message: str) -> MissionError:
    """A TOML error with its line; `at end of document` is the last one."""
    match = _AT_LINE.search(message)
    line = int(match.group(1)) if match else text.count("\n") + 1
    shown = text.splitlines()[line - 1].strip() if 0 < line <= len(text.splitlines()) else ""
    words = _AT_LINE.sub("", message).replace("(at end of document)", "at the end of the file").strip()
    return MissionError(path, line, "", shown, f"mend the TOML: {words[:1].lower()}{words[1:]}")


def mission_error(loaded: Loaded, path: tuple[str | int, ...], error: DataError) -> MissionError:
    """A later failure (a model that is not ONNX, …) told at the mission's line: `("job", 2, "artefact")`."""
    return Problems(loaded.path, lines_of(loaded.text)).error(path, error.value, f"{error.remedy} ({error.place})")
