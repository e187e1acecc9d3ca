"""A disk that can lose power: what was not synced is gone, half there or torn; and it dies at a chosen step."""

from __future__ import annotations

from dataclasses import dataclass, field

from orbitalcloud.core import Seed

SECTOR_BYTES = 16
"""Small, so that small writes tear in several places."""


class Died(OSError):
    """The power went."""


@dataclass
class _File:
    safe: bytes = b""
    now: bytes = b""


@dataclass
class FaultyDisk:
    """`orbitalcloud.live.disk.Disk` in memory. Dies before its step number `dies_at` is done whole."""

    files: dict[str, _File] = field(default_factory=dict)
    safe_names: dict[str, _File] = field(default_factory=dict)
    dies_at: int = -1
    steps: int = 0

    def _step(self) -> bool:
        self.steps += 1
        return self.steps - 1 == self.dies_at

    def names(self) -> list[str]:
        return sorted(self.files)

    def read(self, name: str) -> bytes:
        return self.files[name].now

    def create(self, name: str) -> None:
        if self._step():
            raise Died
        self.files[name] = _File()

    def append(self, name: str, data: bytes) -> None:
        dies = self._step()
        self.files[name].now += data
        if dies:
            raise Died

    def sync(self, name: str) -> None:
        if self._step():
            raise Died
        self.files[name].safe = self.files[name].now

    def cut(self, name: str, size: int) -> None:
        dies = self._step()
        self.files[name].now = self.files[name].now[:size]
        if dies:
            raise Died

    def remove(self, name: str) -> None:
        dies = self._step()
        del self.files[name]
        if dies:
            raise Died

    def sync_folder(self) -> None:
        if self._step():
            raise Died
        self.safe_names = dict(self.files)

    def after_power_cut(self, seed: Seed) -> FaultyDisk:
        """What is found when the power is back: each unsynced sector and name there or not, as chance has it."""
        found: dict[str, _File] = {}
        for name in sorted(self.files.keys() | self.safe_names.keys()):
            mine = seed.child(name)
            there, was = self.files.get(name), self.safe_names.get(name)
            one = there if was is None else was if there is None else (there if mine.chance(500_000, 1) else was)
            if one is None or (was is None and mine.chance(500_000, 2)) or (there is None and mine.chance(500_000, 3)):
                continue
            data = _torn(one, mine.child("data"))
            found[name] = _File(data, data)
        return FaultyDisk(found, dict(found))


def _torn(file: _File, seed: Seed) -> bytes:
    """The synced bytes, then a part of the others, some sectors of which were never written."""
    same = min(len(file.safe), len(file.now))
    if file.safe[:same] != file.now[:same] or len(file.now) < len(file.safe):
        return file.safe if seed.chance(500_000) else file.now
    rest = bytearray(file.now[same:])
    rest = rest[: seed.below(len(rest) + 1, 1)]
    for index, start in enumerate(range(0, len(rest), SECTOR_BYTES)):
        if seed.chance(300_000, 10 + index):
            rest[start : start + SECTOR_BYTES] = bytes(len(rest[start : start + SECTOR_BYTES]))
    return file.safe + bytes(rest)
