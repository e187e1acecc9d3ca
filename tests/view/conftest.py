"""Make `synthetic` importable from the tests of this folder, and fold its day once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from synthetic import entries

from orbitalcloud.view.flight import Flight
from orbitalcloud.view.fold import fold


@pytest.fixture(scope="session")
def flight() -> Flight:
    return fold(entries())
