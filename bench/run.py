"""Ask every question of bench/, or those that are named: `run.py`, `run.py NAME …`.

Each question is a program of its own and runs in a process of its own. Exits 1 if an answer is below its goal, 2 if a
question could not be asked or its name is unknown.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from asking import BELOW_GOAL, CANNOT_ASK

HERE = Path(__file__).resolve().parent
NOT_QUESTIONS = {"run", "asking", "fleet_design", "planning_instance"}


def questions() -> dict[str, Path]:
    """The files of bench/ that are questions, by name."""
    return {place.stem: place for place in sorted(HERE.glob("*.py")) if place.stem not in NOT_QUESTIONS}


def ask(place: Path) -> tuple[int, str]:
    """Run one question, letting its output through; its exit code and its last line."""
    last = ""
    with subprocess.Popen([sys.executable, str(place)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None, "asked for above"
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode in (0, BELOW_GOAL) and last.startswith(f"{place.stem}:"):
        return process.returncode, last
    return CANNOT_ASK, f"{place.stem}: no answer (exit {process.returncode})"


def main(names: list[str]) -> int:
    """Ask, and summarise where there was more than one question."""
    known = questions()
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"bench: no question {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return CANNOT_ASK
    answers = []
    for name in names or known:
        print(f"── {name} " + "─" * (100 - len(name)), flush=True)
        answers.append(ask(known[name]))
        if len(names or known) > 1:
            print(flush=True)
    if len(answers) > 1:
        print("── answers " + "─" * 93)
    if len(answers) > 1 or answers[0][0] == CANNOT_ASK:
        for code, line in answers:
            print({0: "✓", BELOW_GOAL: "✗"}.get(code, "?"), line)
    return max(code for code, _ in answers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
