"""Compile tools/wasm/*.c to src/orbitalcloud/data/compute/*.wasm with Zig's clang.

    python -m venv /tmp/zig && /tmp/zig/bin/pip install ziglang==0.17.1
    /tmp/zig/bin/python tools/make_wasm.py

The modules are shipped, so nobody needs a compiler to fly; this script is how to make them again, to the byte.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "orbitalcloud" / "data" / "compute"
FLAGS = [
    "-target", "wasm32-freestanding", "-mcpu=mvp", "-Oz", "-std=c11", "-Wall", "-Wextra", "-Werror", "-nostdlib",
    "-fno-builtin", "-g0", "-s", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=16384",
    "-Wl,--initial-memory=131072",
]  # fmt: skip


def main() -> None:
    for source in sorted((ROOT / "tools" / "wasm").glob("*.c")):
        target = TARGET / f"{source.stem.replace('_', '-')}.wasm"
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(target), source.name]
        subprocess.run(command, check=True, cwd=source.parent)
        target.chmod(0o644)
        data = target.read_bytes()
        print(f"{target.relative_to(ROOT)}: {len(data)} bytes, sha256:{hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
