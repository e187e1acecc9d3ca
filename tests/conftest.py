"""Flying a small mission, for any test."""

from __future__ import annotations

from pathlib import Path

import pytest

from orbitalcloud.core.records import Entry
from orbitalcloud.sim import fly
from orbitalcloud.twin import Folder
from small_missions import load_text


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
