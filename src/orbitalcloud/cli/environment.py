"""`orbital doctor`: what a flight will need of this machine, and whether it is there."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from orbitalcloud import __version__
from orbitalcloud.cli import output
from orbitalcloud.core import DataError, iso

NEEDED_BYTES = 200 * 2**20
PACKAGES = (
    "numpy",
    "numba",
    "sgp4",
    "pyerfa",
    "onnxruntime",
    "wasmtime",
    "py-evm",
    "eth-account",
    "py-arkworks-bls12381",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: `ok` False means that a flight would fail or be wrong."""

    ok: bool
    what: str
    found: str
    remedy: str = ""


def doctor(as_json: bool) -> int:
    """Print the findings; exit 1 if one is not ok."""
    findings = list(examine())
    if as_json:
        output.data([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{'✓' if finding.ok else '✗'} {finding.what:<22} {finding.found}")
            if not finding.ok:
                print(f"  {finding.remedy}")
    return 0 if all(finding.ok for finding in findings) else 1


def examine() -> Iterator[Finding]:
    """Each look in turn."""
    yield Finding(True, "orbital-cloud", __version__)
    version = platform.python_version()
    yield Finding(
        sys.version_info >= (3, 11), "Python", f"{version}, {platform.machine()}", "install Python 3.11 or newer"
    )
    for name in PACKAGES:
        yield _package(name)
    yield _earth_rotation()
    yield _leap_seconds()
    yield _kernels()
    yield _exact()
    free = shutil.disk_usage(Path.cwd()).free
    room = f"{free / 2**30:.1f} GiB free in {Path.cwd()}"
    yield Finding(free > NEEDED_BYTES, "disk", room, "make room, or fly with --out elsewhere")
    yield Finding(os.access(Path.cwd(), os.W_OK), "flights folder", str(Path("flights").resolve()), "fly with --out")
    yield _missions()


def _package(name: str) -> Finding:
    try:
        return Finding(True, name, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(False, name, "missing", "set up again: rm -rf .venv && make fly")


def _earth_rotation() -> Finding:
    from orbitalcloud.physics import earth_rotation_span

    first, last = earth_rotation_span()
    return Finding(True, "Earth rotation table", f"{iso(first)[:10]} to {iso(last)[:10]} (IERS, with predictions)")


def _leap_seconds() -> Finding:
    from orbitalcloud.core import parse_instant
    from orbitalcloud.physics.time import tai_minus_utc_s

    seconds = float(tai_minus_utc_s([parse_instant("2026-01-01T00:00:00Z")])[0])
    return Finding(
        seconds == 37.0, "leap seconds", f"TAI − UTC = {seconds:g} s on 2026-01-01", "update astropy-iers-data"
    )


def _kernels() -> Finding:
    from orbitalcloud.core import kernels

    place = kernels.CACHE or Path(os.environ.get("NUMBA_CACHE_DIR", ""))
    compiled = len(list(place.rglob("*.nbi")))
    remedy = "set NUMBA_CACHE_DIR to a writable folder, or each run compiles"
    return Finding(os.access(place, os.W_OK), "compiled kernels", f"{compiled} in {place}", remedy)


def _exact() -> Finding:
    from orbitalcloud.compute import canary

    sings = canary()
    wrong = [one for one in sings if not one.ok]
    if wrong:
        text = "; ".join(f"{one.workload}: {one.text}" for one in wrong)
        return Finding(False, "exact results", text, 'do not vouch for exact results here: verify = "none" on others')
    names = ", ".join(one.workload for one in sings)
    return Finding(True, "exact results", f"{names}: the packaged bytes, as on any machine")


def _missions() -> Finding:
    from orbitalcloud.mission import load, packaged

    names = packaged()
    try:
        for name in names:
            load(name)
    except DataError as error:
        return Finding(False, "packaged missions", str(error), "reinstall orbital-cloud")
    return Finding(True, "packaged missions", ", ".join(names))
