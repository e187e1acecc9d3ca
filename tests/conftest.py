"""Flying a small mission, for any test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from orbitalcloud.core.records import Entry
from orbitalcloud.sim import fly
from orbitalcloud.twin import Folder
from small_missions import load_text

# In CI the same examples every time, so that a build fails for what it changed; elsewhere new ones, to find more.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


class Flown:
    """A finished flight: its entries by kind, and what the folder claims."""

    def __init__(self, folder: Folder, entries: list[Entry]) -> None:
        self.folder, self.entries, self.status = folder, entries, folder.status()

    def of(self, kind):
        """The entries of one class."""
        return [entry for entry in self.entries if isinstance(entry, kind)]


@pytest.fixture
def flown(tmp_path: Path):
    """Fly a mission's text; give its `Flown`."""

    def run(text: str, seed: int = 7, name: str = "flight") -> Flown:
        folder = Folder.create(tmp_path / name)
        fly(load_text(text), folder, seed)
        return Flown(folder, list(folder.entries()))

    return run
