"""Importing the package is quick: the heavy libraries are imported when a job runs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("onnx", "onnxruntime", "wasmtime", "scipy", "cryptography", "ukis_csmask")


def test_heavy_libraries_stay_out_until_needed() -> None:
    code = f"import sys, orbitalcloud.compute; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
