"""What the benches share: a table, the last line, CPU time, and an environment of its own for a peer.

CPU time and not wall time wherever a question allows it, because these machines are shared.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / ".bench"
"""Environments of peers, and what a bench writes: git-ignored, and safe to remove."""

BELOW_GOAL, CANNOT_ASK = 1, 2
PIP_LIMIT_S = 600
BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class CannotAskError(Exception):
    """The question cannot be asked here: no registry, no peer."""


def table(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Print two columns under a title; a row without a value is a remark."""
    rows = list(rows)
    wide = max((len(name) for name, value in rows if value), default=0)
    print(title)
    for name, value in rows:
        print(f"  {name:<{wide}}  {value}" if value else f"  {name}")
    print(flush=True)


def answer(name: str, ratio: float, goal: float) -> int:
    """Print the last line of a bench and give its exit code. Not a number is below every goal."""
    print(f"{name}: {ratio:.2f} (goal ≥ {goal:g})", flush=True)
    return 0 if ratio >= goal else BELOW_GOAL


def user_cpu_s(
    command: Sequence[str], environment: Mapping[str, str] | None = None, fine: Sequence[int] = (0,)
) -> tuple[float, int, str]:
    """User CPU seconds of a fresh process with all its children, its peak resident kB, and what it printed.

    Raises `CannotAskError` with the end of its stderr if its exit code is not one of `fine`.
    """
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout is not None, "asked for above"
        assert process.stderr is not None, "asked for above"
        # The programs measured here say a few lines on stderr, which a pipe's buffer holds while stdout is read.
        printed, said = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in fine:
        raise CannotAskError(f"{' '.join(command[:3])} … exits {process.returncode}: {said[-600:].strip()}")
    return used.ru_utime, used.ru_maxrss, printed


def single_threaded() -> dict[str, str]:
    """This process's environment, with linear algebra on one thread: spinning threads would count against a peer."""
    return {**os.environ, **dict.fromkeys(BLAS_THREADS, "1")}


def environment(name: str, steps: Sequence[Sequence[str]]) -> Path:
    """The Python of `.bench/<name>`, made by `pip install` with each step's arguments, or found from an earlier run.

    Raises `CannotAskError` where the registry does not give what is needed; what was half made is removed.
    """
    place = SCRATCH / name
    mark, python = place / "ready", place / "bin" / "python"
    recipe = hashlib.sha256(repr(steps).encode()).hexdigest()
    if mark.is_file() and mark.read_text() == recipe:
        print(f"{name}: the environment in {place.relative_to(ROOT)} from an earlier run", flush=True)
        return python
    shutil.rmtree(place, ignore_errors=True)
    print(f"{name}: making {place.relative_to(ROOT)} (a minute or so)", flush=True)
    try:
        _quietly([sys.executable, "-m", "venv", str(place)])
        for step in steps:
            print(f"{name}: pip install {' '.join(step)}", flush=True)
            _quietly([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *step])
    except CannotAskError:
        shutil.rmtree(place, ignore_errors=True)
        raise
    mark.write_text(recipe)
    return python


def _quietly(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise CannotAskError(f"{' '.join(command[:5])} … took more than {PIP_LIMIT_S} s") from None
    if done.returncode:
        text = (done.stderr.strip() or done.stdout.strip())[-600:]
        raise CannotAskError(f"{' '.join(command)}\n{text}\nIs the package registry within reach?")
