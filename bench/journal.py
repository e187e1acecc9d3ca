"""How fast is the journal beside SQLite? Both durable: 1 kB bundles kept and forgotten, synced in groups; goal: 2.

SQLite (Python's own) has one table of keys and values, write-ahead log, `synchronous = FULL`, a transaction a group:
the fastest way of it that keeps what our journal keeps. Each bundle is saved once and forgotten once, as one hop does.
CPU time of the whole process, checkpoints and tidying included; the syncs are the disk's and cost both the same.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from pathlib import Path
from time import process_time

from asking import SCRATCH, answer, table

from orbitalcloud.core.effects import Save
from orbitalcloud.live.disk import FolderDisk
from orbitalcloud.live.journal import opened

BUNDLES, BYTES, GROUP, HELD, REPEATS, GOAL = 40_000, 1100, 64, 512, 3, 2
PLACE = SCRATCH / "journal"

Groups = list[list[Save]]


def groups() -> Groups:
    """What a node saves: each bundle when it comes, nothing of it when it has gone, `HELD` later."""
    saves, value = [], os.urandom(BYTES)
    for number in range(BUNDLES):
        saves.append(Save(f"bundle/alice/1795481463024-{number}", value))
        if number >= HELD:
            saves.append(Save(f"bundle/alice/1795481463024-{number - HELD}", None))
    return [saves[at : at + GROUP] for at in range(0, len(saves), GROUP)]


def ours(place: Path, work: Groups) -> int:
    """Do it; how many keys are left."""
    journal = opened(FolderDisk(place), os.urandom)
    for group in work:
        journal.add(group)
        journal.write()
        journal.sync()
        journal.tidy()
    journal.close()
    return len(opened(FolderDisk(place), os.urandom).values)


def theirs(place: Path, work: Groups) -> int:
    """The same in SQLite."""
    place.mkdir(parents=True)
    base = sqlite3.connect(place / "base", isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("CREATE TABLE kept (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
    for group in work:
        base.execute("BEGIN")
        base.executemany("REPLACE INTO kept VALUES (?, ?)", [(one.key, one.value) for one in group if one.value])
        base.executemany("DELETE FROM kept WHERE key = ?", [(one.key,) for one in group if not one.value])
        base.execute("COMMIT")
    (left,) = base.execute("SELECT count(*) FROM kept").fetchone()
    base.close()
    return int(left)


def main() -> int:
    work, took = groups(), {}
    for name, act in (("ours", ours), ("SQLite", theirs)):
        for _ in range(REPEATS):
            shutil.rmtree(PLACE, ignore_errors=True)
            begun = process_time()
            left = act(PLACE, work)
            took[name] = min(took.get(name, 1e9), process_time() - begun)
            assert left == HELD, (name, left)
    shutil.rmtree(PLACE, ignore_errors=True)
    rows = [(name, f"{s / BUNDLES * 1e6:.1f} µs of CPU a bundle") for name, s in took.items()]
    beside = f"{GROUP} saves a sync, SQLite {sqlite3.sqlite_version}"
    table(f"{BUNDLES:,} bundles of {BYTES} bytes saved and forgotten, {beside}", rows)
    return answer("journal", took["SQLite"] / took["ours"], GOAL)


if __name__ == "__main__":
    sys.exit(main())
