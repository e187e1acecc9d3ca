"""What every fuzz target shares, and how they are run: coverage-guided, by Atheris (libFuzzer for Python).

    make fuzz                          # each target for a minute, two at a time, as continuous integration does
    make fuzz SECONDS=10               # a quick look
    make fuzz SECONDS=14400 ONLY=rlp   # by hand, for hours

A target is a module `NAME.py` here with `corpus()` (name → real bytes) and `target(data)`. Bytes are taken or refused:
`RemoteProtocolError` and `DataError` are refusals, and whatever else is raised is a bug, as is an input that takes more
than ten seconds or two gigabytes. What was found stays in .bench/fuzz/NAME (the grown corpus) and, if it crashed, in
.bench/fuzz/crashes; a crash that is mended goes into fuzz/mended/NAME, which `make test` replays.

Atheris is installed from PyPI into .bench, beside the project's own environment: people who fly do not need it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, cast

from orbitalcloud.core import DataError, RemoteProtocolError

ATHERIS = "3.0.0"
AT_ONCE = 2
"""Targets that run at a time: each is a process that fills one core."""
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
KEPT = ROOT / ".bench" / "fuzz"
TARGETS = tuple(sorted(place.stem for place in HERE.glob("*.py") if place.stem != "harness"))


class Target(Protocol):
    """A target's module."""

    corpus: Callable[[], dict[str, bytes]]
    target: Callable[[bytes], None]


def load(name: str) -> Target:
    """A target by its name."""
    for place in (HERE, ROOT / "tests"):
        if str(place) not in sys.path:
            sys.path.insert(0, str(place))
    return cast("Target", importlib.import_module(name))


def tried(target: Callable[[bytes], None], data: bytes) -> None:
    """One input: a refusal by name is an answer."""
    try:
        target(data)
    except (RemoteProtocolError, DataError) as refused:
        assert len(str(refused)) < 2000, "a refusal does not repeat what it refuses"


def seeds(name: str, one: Target) -> Path:
    """The folder of what is known of a target: its real data and what earlier runs found."""
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    for label, data in one.corpus().items():
        (folder / label).write_bytes(data)
    return folder


def fuzz(name: str, seconds: int) -> None:
    """Let Atheris at one target; does not return."""
    sys.path.insert(0, str(installed()))
    import atheris

    parts = ("ethereum", "network", "compute", "node")
    with atheris.instrument_imports(include=[f"orbitalcloud.{part}" for part in parts]):
        one = load(name)
    folder = seeds(name, one)
    crashes = KEPT / "crashes"
    crashes.mkdir(exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-max_len=65536",
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], *options, f"-artifact_prefix={crashes}/{name}-", str(folder)],
        lambda data: tried(one.target, data),
    )
    atheris.Fuzz()


def installed() -> Path:
    """The folder that Atheris lies in, brought from PyPI if it is not there."""
    place = ROOT / ".bench" / f"atheris-{ATHERIS}"
    if not place.exists():
        print(f"installing atheris {ATHERIS} in {place.relative_to(ROOT)}", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place)]
        subprocess.run([*command, f"atheris=={ATHERIS}"], check=True)
    return place


def apart(name: str, seconds: int) -> tuple[str, bool]:
    """One target in a process of its own, and what it found printed in one piece; whether it held."""
    command = [sys.executable, __file__, name, "--one", "--seconds", str(seconds)]
    done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    told = done.stderr.strip().splitlines()
    runs = next((line.split()[-1] for line in told if line.startswith("stat::number_of_executed_units")), "no")
    folder = KEPT / name
    kept = len(list(folder.iterdir())) if folder.exists() else 0
    print(f"{name}: {seconds} s, {runs} inputs, {kept} kept", flush=True)
    if done.returncode:
        print("\n".join((f"{name}:", *told[-40:])), file=sys.stderr, flush=True)
    return name, not done.returncode


def main(arguments: list[str]) -> int:
    """Run the targets, two at a time; 1 if one crashed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("only", nargs="?", default="", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--one", action="store_true", help="in this process")
    given = parser.parse_args(arguments)
    if given.only and given.only not in TARGETS:
        parser.error(f"no target {given.only}: {', '.join(TARGETS)}")
    if given.one:
        fuzz(given.only, given.seconds)
    installed()
    names = (given.only,) if given.only else TARGETS
    with ThreadPoolExecutor(AT_ONCE) as at_once:
        failed = [name for name, held in at_once.map(lambda name: apart(name, given.seconds), names) if not held]
    print(f"crashed: {', '.join(failed)}" if failed else "no crash")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
