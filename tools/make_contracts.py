"""Compile data/contracts/*.vy with the pinned Vyper in an environment of its own; ship ABI and bytecode as JSON.

    python tools/make_contracts.py            # writes NAME.json beside NAME.vy
    python tools/make_contracts.py --check    # exits 1 if what is packaged is not what the source compiles to

The compiler is not among the project's requirements: people who fly need its result only.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from pathlib import Path

VYPER = "0.4.3"
ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "orbitalcloud" / "data" / "contracts"
HOME = ROOT / ".bench" / f"vyper-{VYPER}"


def compiler() -> list[str]:
    """The command that compiles: the Python of Vyper's own environment, installed if it is not there."""
    program = HOME / "bin" / "python"  # not the script beside it, which names the folder that it was installed in
    if not (HOME / "bin" / "vyper").exists():
        print(f"installing vyper {VYPER} in {HOME.relative_to(ROOT)}", file=sys.stderr)
        venv.create(HOME, with_pip=True)
        subprocess.run([HOME / "bin" / "pip", "install", "--quiet", f"vyper=={VYPER}"], check=True)
    return [str(program), "-m", "vyper"]


def compiled(source: Path) -> str:
    """The JSON of one contract."""
    command = [*compiler(), "-f", "abi,bytecode", source.name]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=source.parent).stdout
    abi, bytecode = printed.strip().splitlines()
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    made = {"compiler": f"vyper {VYPER}", "source_sha256": digest, "abi": json.loads(abi), "bytecode": bytecode}
    return json.dumps(made, indent=1) + "\n"


def main(check: bool) -> int:
    """Write, or compare."""
    wrong = 0
    for source in sorted(SOURCES.glob("*.vy")):
        text, place = compiled(source), source.with_suffix(".json")
        if not check:
            place.write_text(text)
        elif not place.exists() or place.read_text() != text:
            wrong += 1
            print(f"{place.name} is not what {source.name} compiles to: run tools/make_contracts.py", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
