"""A node's memory on disk: keys and values in an append-only journal that a kill at any instant leaves whole.

    segment 00000001.journal    header | group | group | …         removed first
    segment 00000002.journal    header | group | …                 grows

Saves are buffered with `add`, one batch a call of the node's, and become a *group* with `write`: numbered, under one
CRC-32C. `sync` puts it on the medium, and only then may anything that these saves promise leave the node. A group is
written only after the one before it is synced. So

- what a group holds is there wholly or not at all, and with it every batch;
- a group that does not check and after which no other comes was being written when the power went: nobody was
  promised it, and it is cut off (the *torn tail*);
- one after which others come was promised, and the medium has lost it: `DataError` names file, byte and group. With
  `salvage` the journal is opened without it.

A peer's bundles lie in here, and could pretend to be groups: a search through damage goes by a mark that is drawn with
the segment and that no peer knows. A segment's values that still hold are carried forward and the segment removed, the
oldest first, whenever the journal has more than twice what it keeps; so its size is bounded by what is kept.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from orbitalcloud.core import DataError
from orbitalcloud.core.effects import Save
from orbitalcloud.live.disk import Disk
from orbitalcloud.network.crc import crc32c

SUFFIX = ".journal"
MAGIC = b"ORBJRNL1"
MARK_BYTES = 8
_HEADER = struct.Struct(">8s8sQQ")  # magic, mark, number of the segment, number of its first group
HEADER_BYTES = _HEADER.size + 4
_GROUP = struct.Struct(">8sQII")  # mark, number, entries, bytes of body
_ENTRY = struct.Struct(">HI")  # bytes of key, 0 for a forgotten key or 1 + bytes of value
SEGMENT_BYTES = 8 << 20
"""A segment is closed when it has this much: what one carrying forward reads at once."""
SLACK_SEGMENTS = 4
"""Dead room that is never tidied, so that a small store is not carried about."""
MAX_VALUE_BYTES = 1 << 28
_CARRIED_ENTRIES = 4096


class Group(NamedTuple):
    """One group as read: its number, where it ends in its segment, and its entries (None: forgotten)."""

    number: int
    end: int
    entries: list[tuple[str, bytes | None]]


class Journal:
    """Open with `opened`; `values` is what was kept, until `forget_values`."""

    def __init__(self, disk: Disk, draw: Callable[[int], bytes], segment_bytes: int = SEGMENT_BYTES) -> None:
        self.disk, self._draw, self.segment_bytes = disk, draw, segment_bytes
        self.values: dict[str, bytes] = {}
        self.salvaged: list[str] = []
        """What was lost and gone on without, a line each."""
        self.cut_bytes = 0
        """How long the torn tail was that opening cut off."""
        self._where: dict[str, int] = {}
        """Key → segment << 32 | bytes of its entry."""
        self._live: dict[int, int] = {}
        """Segment → bytes in it that still hold, oldest first."""
        self._sizes: dict[int, int] = {}
        self._mark = b""
        self._next_group = 1
        self._buffer: list[bytes] = []
        self._entries: list[tuple[str, int]] = []
        self.buffered_bytes = 0

    # What a person may ask -------------------------------------------------------------------------------------------

    @property
    def size_bytes(self) -> int:
        """Bytes of all segments."""
        return sum(self._sizes.values())

    @property
    def live_bytes(self) -> int:
        """Bytes of what is kept."""
        return sum(self._live.values())

    @property
    def keys(self) -> int:
        """How many keys are kept."""
        return len(self._where)

    # Writing ---------------------------------------------------------------------------------------------------------

    def add(self, saves: Iterable[Save]) -> None:
        """Buffer the saves of one call: after the next `write` and `sync` all of them hold, before it none."""
        for save in saves:
            key, value = save.key.encode(), save.value
            assert len(key) < 1 << 16, "keys are short"
            if value is None:
                part = _ENTRY.pack(len(key), 0) + key
                self._entries.append((save.key, 0))
            else:
                assert len(value) < MAX_VALUE_BYTES, "values are bounded where they are made"
                part = b"".join((_ENTRY.pack(len(key), len(value) + 1), key, value))
                self._entries.append((save.key, len(part)))
            self._buffer.append(part)
            self.buffered_bytes += len(part)

    @property
    def waiting(self) -> bool:
        """Whether something is buffered."""
        return bool(self._buffer)

    def write(self) -> None:
        """Hand what is buffered to the system as one group; the one before must be synced."""
        parts, entries = self._buffer, self._entries
        self._buffer, self._entries, self.buffered_bytes = [], [], 0
        self._append(parts, entries)

    def sync(self) -> None:
        """Come back when the last group is on the medium. Touches nothing else, so that a thread may wait here."""
        self.disk.sync(_name(self._current))

    def tidy(self) -> None:
        """With nothing unsynced: remove the oldest segments while that is worth it, carrying on what still holds."""
        while (oldest := next(iter(self._sizes))) != self._current and self._worth_it(oldest):
            if self._live[oldest]:
                self._carry_forward(oldest)
                self.sync()
            self.disk.remove(_name(oldest))
            self.disk.sync_folder()
            del self._sizes[oldest], self._live[oldest]

    def close(self) -> None:
        """Write what is buffered, and an empty group: damage to the last one will not pass for a torn tail."""
        if self._buffer:
            self.write()
            self.sync()
        self._append([], [])
        self.sync()

    def forget_values(self) -> dict[str, bytes]:
        """Hand over what opening found; the journal itself keeps no values in memory."""
        values, self.values = self.values, {}
        return values

    @property
    def _current(self) -> int:
        return next(reversed(self._sizes))

    def _worth_it(self, oldest: int) -> bool:
        if not self._live[oldest]:
            return True
        return self.size_bytes > 2 * self.live_bytes + SLACK_SEGMENTS * self.segment_bytes

    def _append(self, parts: list[bytes], entries: list[tuple[str, int]]) -> None:
        if self._sizes[self._current] >= self.segment_bytes:
            self._begin_segment(self._current + 1)
        body = b"".join(parts)
        group = _GROUP.pack(self._mark, self._next_group, len(parts), len(body)) + body
        current = self._current
        self.disk.append(_name(current), group + crc32c(group).to_bytes(4, "big"))
        self._sizes[current] += len(group) + 4
        self._next_group += 1
        for key, size in entries:
            self._note(key, size, current)

    def _note(self, key: str, size: int, segment: int) -> None:
        before = self._where.pop(key, None)
        if before is not None:
            self._live[before >> 32] -= before & 0xFFFF_FFFF
        if size:
            self._where[key] = segment << 32 | size
            self._live[segment] += size

    def _begin_segment(self, number: int) -> None:
        name, mark = _name(number), self._draw(MARK_BYTES)
        header = _HEADER.pack(MAGIC, mark, number, self._next_group)
        self.disk.create(name)
        self.disk.append(name, header + crc32c(header).to_bytes(4, "big"))
        self.disk.sync(name)
        self.disk.sync_folder()
        self._mark = mark
        self._sizes[number], self._live[number] = HEADER_BYTES, 0

    def _carry_forward(self, oldest: int) -> None:
        """Write again what of the oldest segment still holds. What is buffered is newer, and comes after it."""
        data = self.disk.read(_name(oldest))
        latest: dict[str, bytes | None] = {}
        for group in _groups(data, _read_header(data)):
            latest.update(group.entries)
        kept = [(key, value) for key, value in latest.items() if self._where.get(key, 0) >> 32 == oldest]
        for start in range(0, len(kept), _CARRIED_ENTRIES):
            part = Journal(self.disk, self._draw)  # borrowed for its encoding of entries
            part.add(Save(key, value) for key, value in kept[start : start + _CARRIED_ENTRIES])
            if start:
                self.sync()
            self._append(part._buffer, part._entries)

    # Opening ---------------------------------------------------------------------------------------------------------

    def open(self, salvage: bool) -> None:
        """Read everything; see `opened`."""
        numbers = sorted(_number(name) for name in self.disk.names() if _number(name))
        for at, number in enumerate(numbers):
            self._read_segment(number, numbers[at + 1 :], at == 0, salvage)
        if not self._sizes:
            self._begin_segment(numbers[-1] + 1 if numbers else 1)

    def _read_segment(self, number: int, later: list[int], first: bool, salvage: bool) -> None:
        name = _name(number)
        data = self.disk.read(name)
        head = _read_header(data)
        if head is None or head[1] != number:
            if not later and len(data) <= HEADER_BYTES:  # it was being made when the power went
                self.cut_bytes += len(data)
            else:
                self._damaged(name, 0, "its header", salvage)
            self.disk.remove(name)
            self.disk.sync_folder()
            return
        if not first and (number != self._current + 1 or head[2] != self._next_group):
            self._damaged(name, 0, f"what came before it, from group {self._next_group}", salvage)
        self._mark, self._next_group = head[0], head[2]
        self._sizes[number], self._live[number] = len(data), 0
        end = self._read_groups(name, data, head, later, salvage)
        if end < len(data):
            if later:  # everything before a later segment was promised
                self._damaged(name, end, f"group {self._next_group}", salvage)
            else:
                self.cut_bytes += len(data) - end
                self.disk.cut(name, end)
                self.disk.sync(name)
                self._sizes[number] = end

    def _read_groups(
        self, name: str, data: bytes, head: tuple[bytes, int, int], later: list[int], salvage: bool
    ) -> int:
        """Take the groups up; gives where the last one ends that can be read."""
        segment, end = head[1], HEADER_BYTES
        while True:
            for group in _groups(data, head, end, self._next_group):
                for key, value in group.entries:
                    self._note(key, 0 if value is None else _ENTRY.size + len(key.encode()) + len(value), segment)
                    if value is None:
                        self.values.pop(key, None)
                    else:
                        self.values[key] = value
                end, self._next_group = group.end, group.number + 1
            found = _search(data, head[0], end, self._next_group) if end < len(data) else None
            if found is None:
                return end
            self._damaged(name, end, f"group {self._next_group}", salvage)
            end, self._next_group = found

    def _damaged(self, name: str, at: int, what: str, salvage: bool) -> None:
        if not salvage:
            remedy = "the disk lost what was once on it: bring a copy back, or start with --salvage to go on without"
            raise DataError(f"{name}, byte {at}", f"{what} is damaged", remedy)
        self.salvaged.append(f"{name}, byte {at}: {what} is damaged")


def opened(
    disk: Disk, draw: Callable[[int], bytes], segment_bytes: int = SEGMENT_BYTES, salvage: bool = False
) -> Journal:
    """The journal in this folder, made if there is none. `draw` gives fresh random bytes for marks.

    `DataError` names what is damaged; with `salvage` it is listed in `Journal.salvaged` and gone on without.
    """
    journal = Journal(disk, draw, segment_bytes)
    journal.open(salvage)
    return journal


def _name(number: int) -> str:
    return f"{number:08d}{SUFFIX}"


def _number(name: str) -> int:
    stem = name.removesuffix(SUFFIX)
    return int(stem) if name.endswith(SUFFIX) and stem.isascii() and stem.isdigit() else 0


def _read_header(data: bytes) -> tuple[bytes, int, int] | None:
    """(mark, number, first group), or None where it is no header."""
    if len(data) < HEADER_BYTES:
        return None
    magic, mark, number, first = _HEADER.unpack_from(data)
    whole = int.from_bytes(data[_HEADER.size : HEADER_BYTES], "big") == crc32c(data[: _HEADER.size])
    return (mark, number, first) if whole and magic == MAGIC else None


def _groups(
    data: bytes, head: tuple[bytes, int, int] | None, at: int = HEADER_BYTES, number: int | None = None
) -> Iterator[Group]:
    """Groups one after the other from `at` on, until one does not check."""
    assert head is not None, "only what was opened is read again"
    expected = head[2] if number is None else number
    while (group := _read_group(data, head[0], at)) is not None and group.number == expected:
        yield group
        at, expected = group.end, expected + 1


def _read_group(data: bytes, mark: bytes, at: int) -> Group | None:
    if at + _GROUP.size + 4 > len(data):
        return None
    found, number, count, size = _GROUP.unpack_from(data, at)
    start = at + _GROUP.size
    end = start + size + 4
    if found != mark or end > len(data) or crc32c(data[at : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
        return None
    try:
        entries = _read_entries(data, start, end - 4, count)
    except (struct.error, UnicodeDecodeError):
        return None
    return None if entries is None else Group(number, end, entries)


def _read_entries(data: bytes, at: int, end: int, count: int) -> list[tuple[str, bytes | None]] | None:
    """The entries that fill `at` to `end`; None where they do not: somebody who has the disk can make the sum right."""
    entries: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        key_bytes, value_bytes = _ENTRY.unpack_from(data, at)
        value_at = at + _ENTRY.size + key_bytes
        key = data[at + _ENTRY.size : value_at].decode()
        at = value_at + max(0, value_bytes - 1)
        if at > end:
            return None
        entries.append((key, data[value_at:at] if value_bytes else None))
    return entries if at == end else None


def _search(data: bytes, mark: bytes, start: int, expected: int) -> tuple[int, int] | None:
    """(position, number) of the next group that checks after damage; None where none does."""
    at = data.find(mark, start + 1)
    while at >= 0:
        group = _read_group(data, mark, at)
        if group is not None and group.number >= expected:
            return at, group.number
        at = data.find(mark, at + 1)
    return None
