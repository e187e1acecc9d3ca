"""The cache of compiled kernels follows every source that a kernel is made of, and nothing light loads numba."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orbitalcloud.core import kernels

ROOT = Path(kernels.__file__).parent.parent


def imported(statement: str, **more: str) -> list[str]:
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    env = {**os.environ, **more}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize("package", ["core", "network", "planning", "node"])
def test_light_packages_load_no_numba(package):
    modules = imported(f"import orbitalcloud.{package}")
    assert f"orbitalcloud.{package}" in modules
    assert not {"numba", "llvmlite", "scipy"} & set(modules)


def test_every_module_with_a_kernel_is_in_the_digest():
    with_kernels = [place for place in ROOT.rglob("*.py") if "@njit" in place.read_text("utf-8")]
    assert {place.relative_to(ROOT).parent.as_posix() for place in with_kernels} <= set(kernels.PACKAGES)
    for place in with_kernels:  # nobody takes njit past the cache; physics says it once, in its __init__
        past = "from numba import" in place.read_text("utf-8")
        assert not past or place.parent.name == "physics", place
    assert "from orbitalcloud.core import kernels" in (ROOT / "physics" / "__init__.py").read_text("utf-8")


@pytest.mark.parametrize("package", kernels.PACKAGES)
def test_an_edit_of_any_package_is_another_cache(package, tmp_path):
    for one in kernels.PACKAGES:
        (tmp_path / one).mkdir()
        (tmp_path / one / "a.py").write_text("x = 1\n")
    before = kernels.digest_of(tmp_path)
    assert kernels.digest_of(tmp_path) == before
    (tmp_path / package / "a.py").write_text("x = 2\n")
    edited = kernels.digest_of(tmp_path)
    (tmp_path / package / "a.py").rename(tmp_path / package / "b.py")
    assert len({before, edited, kernels.digest_of(tmp_path)}) == 3


def test_the_digest_is_cheap():
    took = []
    for _ in range(9):
        begun = time.process_time()
        kernels.digest_of(ROOT)
        took.append(time.process_time() - begun)
    assert min(took) < 0.005


def test_a_kernel_of_the_network_is_cached_in_that_folder(tmp_path):
    statement = (
        "import numpy as np\nfrom orbitalcloud.core import kernels\n"
        "from orbitalcloud.network.fair_share import max_min_fair\n"
        "max_min_fair(np.array([0, 1]), np.array([0]), np.array([1.0]), np.array([2.0]))\n"
        "print(kernels.CACHE, len(list(kernels.CACHE.rglob('fair_share*.nbc'))))"
    )
    place, count = imported(statement, NUMBA_CACHE_DIR="", XDG_CACHE_HOME=str(tmp_path))[:2]
    assert place.endswith(f"kernels-{kernels.digest_of(ROOT)}")
    assert int(count) == 1
