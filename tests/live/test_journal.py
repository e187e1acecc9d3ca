"""A node's memory on disk: killed at every step, torn, damaged, grown and tidied."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.faulty_disk import Died, FaultyDisk
from orbitalcloud.core import DataError, Seed
from orbitalcloud.core.effects import Save
from orbitalcloud.live.disk import FolderDisk, Lock
from orbitalcloud.live.journal import HEADER_BYTES, opened

Batch = list[tuple[str, bytes | None]]


def draw(count: int) -> bytes:
    """Marks that are the same in every run."""
    return Seed.of(1).bytes(count)


def script(seed: Seed, calls: int) -> list[Batch]:
    """Calls of a node: each keeps and forgets a few of twelve keys."""
    made: list[Batch] = []
    for call in range(calls):
        mine = seed.child(str(call))
        batch: Batch = []
        for index in range(mine.below(4) + 1):
            one = mine.child(str(index))
            value = None if one.chance(400_000) else one.bytes(one.below(60, 1), 2)
            batch.append((f"key/{one.below(12, 3)}", value))
        made.append(batch)
    return made


def states(batches: list[Batch]) -> list[dict[str, bytes]]:
    """What is kept after none, one, two … of the calls."""
    kept: dict[str, bytes] = {}
    all_states = [{}]
    for batch in batches:
        for key, value in batch:
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = value
        all_states.append(dict(kept))
    return all_states


def act(disk: FaultyDisk, batches: list[Batch], done: list[int], group: int = 3) -> None:
    """Perform calls, `group` at a time; `done` has how many were promised, then how many were begun."""
    journal = opened(disk, draw, segment_bytes=256)
    for start in range(0, len(batches), group):
        for batch in batches[start : start + group]:
            journal.add(Save(key, value) for key, value in batch)
        done[1] = min(start + group, len(batches))
        journal.write()
        journal.sync()
        done[0] = done[1]
        journal.tidy()
    journal.close()


def test_killed_at_every_step_all_of_a_call_survives_or_none_and_what_was_promised_always() -> None:
    batches = script(Seed.of(7), 120)
    expected = states(batches)
    whole = FaultyDisk()
    act(whole, batches, [0, 0])
    assert whole.steps > 150, "the journal was rotated and tidied many times"
    for step in range(whole.steps):
        disk, done = FaultyDisk(dies_at=step), [0, 0]
        with pytest.raises(Died):
            act(disk, batches, done)
        for chance in range(3):
            found = disk.after_power_cut(Seed.of(step).child(str(chance)))
            journal = opened(found, draw, 256)
            # Groups are whole: either the last promised group or the one after it.
            assert journal.values in (expected[done[0]], expected[done[1]]), (step, chance)


def test_killed_while_it_recovers_from_a_kill() -> None:
    batches = script(Seed.of(8), 60)
    expected = states(batches)
    for step in range(20, 90, 7):
        disk, done = FaultyDisk(dies_at=step), [0, 0]
        with pytest.raises(Died):
            act(disk, batches, done)
        for again in range(4):
            found = disk.after_power_cut(Seed.of(step))
            found.dies_at = again
            try:
                opened(found, draw, 256)
            except Died:
                found = found.after_power_cut(Seed.of(step).child("again"))
            else:
                found.dies_at = -1
            assert opened(found, draw, 256).values in (expected[done[0]], expected[done[1]]), (step, again)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abcdefg"), st.none() | st.binary(max_size=200)), min_size=1, max_size=5),
        max_size=40,
    ),
    st.integers(1, 5),
    st.integers(100, 2000),
)
def test_what_was_saved_last_is_what_is_read(batches: list[Batch], group: int, segment_bytes: int) -> None:
    disk = FaultyDisk()
    journal = opened(disk, draw, segment_bytes)
    for start in range(0, len(batches), group):
        for batch in batches[start : start + group]:
            journal.add(Save(key, value) for key, value in batch)
        journal.write()
        journal.sync()
        journal.tidy()
    journal.close()
    again = opened(disk, draw, segment_bytes)
    assert again.values == states(batches)[-1]
    assert (again.live_bytes, again.keys) == (journal.live_bytes, len(again.values))


def test_its_size_is_bounded_by_what_is_kept(tmp_path: Path) -> None:
    journal = opened(FolderDisk(tmp_path / "j"), os.urandom, segment_bytes=4096)
    journal.add([Save("stays", b"first of all")])
    for call in range(3000):
        journal.add([Save(f"bundle/{call % 20}", bytes(100)), Save(f"bundle/{(call + 7) % 20}", None)])
        journal.write()
        journal.tidy()
        assert journal.size_bytes <= 2 * journal.live_bytes + 6 * (4096 + 400)
    journal.close()
    on_disk = sum(place.stat().st_size for place in (tmp_path / "j").iterdir())
    assert on_disk == journal.size_bytes
    assert opened(FolderDisk(tmp_path / "j"), os.urandom).values["stays"] == b"first of all"


def filled(folder: Path) -> None:
    journal = opened(FolderDisk(folder), os.urandom, segment_bytes=400)
    for number in range(12):
        journal.add([Save(f"key/{number}", bytes([number]) * 60)])
        journal.write()
        journal.sync()
    journal.close()


def test_each_damaged_byte_is_named(tmp_path: Path) -> None:
    filled(tmp_path)
    names = sorted(place.name for place in tmp_path.iterdir())
    assert len(names) >= 3
    for name in names:
        good = (tmp_path / name).read_bytes()
        last_group = len(good) - 28  # the empty one, by which closing promised all before
        for at in range(0, len(good), 3):
            if name == names[-1] and at >= last_group:
                continue
            (tmp_path / name).write_bytes(good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1 :])
            with pytest.raises(DataError, match=rf"{name}, byte \d+: (group \d+|its header) is damaged"):
                opened(FolderDisk(tmp_path), os.urandom)
        (tmp_path / name).write_bytes(good)
    assert len(opened(FolderDisk(tmp_path), os.urandom).values) == 12


def test_damage_in_the_middle_is_named_and_salvage_goes_on_without_that_group(tmp_path: Path) -> None:
    filled(tmp_path)
    place = sorted(tmp_path.iterdir())[0]
    data = bytearray(place.read_bytes())
    at = bytes(data).index(b"\x02" * 60)
    data[at] ^= 1
    place.write_bytes(bytes(data))
    journal = opened(FolderDisk(tmp_path), os.urandom, salvage=True)
    assert set(journal.values) == {f"key/{number}" for number in range(12)} - {"key/2"}
    (lost,) = journal.salvaged
    assert re.fullmatch(r"00000001\.journal, byte \d+: group 3 is damaged", lost)


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    filled(tmp_path)
    sorted(tmp_path.iterdir())[1].unlink()
    with pytest.raises(DataError, match="what came before it"):
        opened(FolderDisk(tmp_path), os.urandom)


def test_a_peers_bundle_cannot_pass_for_a_group(tmp_path: Path) -> None:
    """Somebody who knows the form, but not the mark, puts a group into a payload; then the power goes."""
    other, mine = tmp_path / "other", tmp_path / "mine"
    filled(other)
    forged = sorted(other.iterdir())[0].read_bytes()[HEADER_BYTES:]
    journal = opened(FolderDisk(mine), os.urandom)
    journal.add([Save("honest", b"1")])
    journal.write()
    journal.sync()
    journal.add([Save("bundle/hostile", bytes(500) + forged)])
    journal.write()
    (place,) = mine.iterdir()
    place.write_bytes(place.read_bytes()[:-1])
    again = opened(FolderDisk(mine), os.urandom)
    assert again.values == {"honest": b"1"}
    assert again.cut_bytes > 500


def test_two_processes_cannot_have_one_store(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    with pytest.raises(DataError, match=f"process {os.getpid()} has it open"):
        Lock(tmp_path)
    lock.release()
    Lock(tmp_path).release()


KILLED = """
import os, sys
from pathlib import Path
from orbitalcloud.core.effects import Save
from orbitalcloud.live.disk import FolderDisk
from orbitalcloud.live.journal import opened
journal = opened(FolderDisk(Path(sys.argv[1])), os.urandom, segment_bytes=20_000)
number = int(journal.values.get("a", b"0"))
while True:
    number += 1
    journal.add([Save("a", b"%d" % number), Save("b", b"%d" % number), Save(f"n/{number % 50}", bytes(100))])
    journal.write(); journal.sync(); journal.tidy()
    os.write(1, b"%d\\n" % number)
"""


def test_a_process_killed_outright_has_kept_all_that_it_promised(tmp_path: Path) -> None:
    for run in range(3):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            begun = time.monotonic()
            promised = 0
            for line in process.stdout:
                promised = int(line)
                if time.monotonic() - begun > 0.05 + 0.03 * run:
                    process.send_signal(signal.SIGKILL)
                    break
            promised = max([promised, *(int(line) for line in process.stdout if line.endswith(b"\n"))])
        kept = opened(FolderDisk(tmp_path), os.urandom).values
        assert promised <= int(kept["a"]) <= promised + 1
        assert kept["a"] == kept["b"]
