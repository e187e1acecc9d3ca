"""Is `orbital --help` there at once? Wall time of fresh processes, from the shell's view; goal: a median under 0.3 s.

The ratio is 0.3 s over the median. Wall time is what a person waits for, so here it is measured in spite of a shared
machine; the best shows what the machine would do alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from asking import CANNOT_ASK, answer, table

PROCESSES = 10
LIMIT_S = 0.3
ORBITAL = Path(sys.executable).parent / "orbital"


def once_s() -> float:
    """Wall seconds of one `orbital --help`."""
    begun = perf_counter()
    done = subprocess.run([str(ORBITAL), "--help"], capture_output=True, text=True, check=True)
    took = perf_counter() - begun
    assert "fly" in done.stdout, "the help names the verbs"
    return took


def main() -> int:
    if not ORBITAL.is_file():
        print(f"{ORBITAL} is missing: run this with the project's own Python, as `make bench` does", file=sys.stderr)
        return CANNOT_ASK
    once_s()  # byte code and the disk's cache, as on any but the first day
    took = [once_s() for _ in range(PROCESSES)]
    rows = [
        ("best", f"{min(took):.3f} s"),
        ("median", f"{median(took):.3f} s"),
        ("worst", f"{max(took):.3f} s"),
        ("limit", f"{LIMIT_S} s"),
    ]
    table(f"orbital --help, {PROCESSES} fresh processes, wall time", rows)
    return answer("help", LIMIT_S / median(took), 1)


if __name__ == "__main__":
    sys.exit(main())
