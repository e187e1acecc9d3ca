"""Emulations that run on this machine, as other commands find them: a record a process, and names in /run/netns.

Everything has the emulation's own prefix, `orb-PID-`, and nothing else is ever touched. A record whose process is gone
(its pid belongs to nobody, or to a later process) is stale; `clean` removes what it left.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from orbitalcloud.core import DataError
from orbitalcloud.live import namespaces

NAMED = Path("/run/netns")
NAMED_FILES = Path("/etc/netns")
"""Files that `ip netns exec` puts in the place of those in /etc."""
MAX_RECORD_BYTES = 1 << 20
_OURS = re.compile(r"orb-(\d{1,10})-.+")


class Place(msgspec.Struct, frozen=True):
    """One node: its addresses, its namespace's descriptor in the process, and its name for `ip netns exec` if any."""

    node: str
    ipv4: str
    ipv6: str
    file: int
    name: str = ""


class Running(msgspec.Struct, frozen=True):
    """An emulation: whose process, since when by the kernel's count (proc_pid_stat(5), field 22), and its nodes."""

    process: int
    started: int
    mission: str
    rights: str
    places: tuple[Place, ...]

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return process_start(self.process) == self.started

    def place(self, node: str) -> Place:
        """The node's; `DataError` if it has no namespace here."""
        for one in self.places:
            if one.node == node:
                return one
        raise DataError("node", node, "this emulation has " + ", ".join(one.node for one in self.places[:40]))


def process_start(process: int) -> int:
    """When the process began, in the kernel's ticks; 0 where there is none."""
    try:
        text = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return 0
    return int(text.rpartition(b")")[2].split()[19])


def home(user: int | None = None) -> Path:
    """The folder of this user's records, made if missing; `DataError` if it is somebody else's."""
    number = os.geteuid() if user is None else user
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or ("/run" if number == 0 else "/tmp"))
    folder = base / f"orbital-net-{number}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise DataError(str(folder), error.strerror, "a folder that can be written is needed there") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise DataError(str(folder), "not a private folder of this user", "remove it")
    return folder


def record_file(folder: Path, process: int) -> Path:
    """Where a process's record is; its hosts table lies beside it."""
    return folder / f"orb-{process}-record.json"


def hosts_file(folder: Path, process: int) -> Path:
    """The names of its nodes, as /etc/hosts has them."""
    return folder / f"orb-{process}-hosts"


def register(folder: Path, running: Running, hosts: str) -> None:
    """Let other commands find it; with the machine's own rights, `ip netns` too.

    The record comes first: what has our prefix and no record of a living process is taken for stale.
    """
    part = record_file(folder, running.process).with_suffix(".part")
    part.write_bytes(msgspec.json.encode(running))
    part.replace(record_file(folder, running.process))
    hosts_file(folder, running.process).write_text(hosts, encoding="ascii")
    for place in running.places:
        if place.name:
            NAMED.mkdir(mode=0o755, exist_ok=True)
            namespaces.pin(place.file, NAMED / place.name)
            beside = NAMED_FILES / place.name
            beside.mkdir(mode=0o755, parents=True, exist_ok=True)
            (beside / "hosts").write_text(hosts, encoding="ascii")


def known(folder: Path) -> list[Running]:
    """Every record, the newest last; one that cannot be read counts as none."""
    found = []
    for place in folder.glob("orb-*-record.json"):
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            if place.stat().st_size <= MAX_RECORD_BYTES:
                found.append(msgspec.json.decode(place.read_bytes(), type=Running))
    return sorted(found, key=lambda one: one.started)


def chosen(folder: Path, process: int | None = None) -> Running:
    """The one of that process, or the only one; `DataError` says which there are."""
    alive = [one for one in known(folder) if one.alive and process in (None, one.process)]
    if len(alive) == 1:
        return alive[0]
    if not alive:
        raise DataError("emulation", process or "none", "none runs here as this user: orbital net emulate MISSION")
    listed = ", ".join(f"{one.process} ({one.mission})" for one in alive)
    raise DataError("emulation", f"{len(alive)} run", f"say which with --process: {listed}")


def clean(folder: Path, also: int | None = None) -> list[str]:
    """Remove what emulations left that run no more, and that of process `also`; the names of what was removed."""
    alive = {one.process for one in known(folder) if one.alive and one.process != also}
    removed = []
    for root, remove in ((NAMED, namespaces.unpin), (NAMED_FILES, shutil.rmtree), (folder, Path.unlink)):
        for place in _left(root, alive):
            with suppress(OSError):
                remove(place)
                removed.append(str(place))
    return removed


def _left(root: Path, alive: set[int]) -> Sequence[Path]:
    """What has our prefix there and no living process."""
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return ()
    found = [(_OURS.fullmatch(name), root / name) for name in names]
    return [place for match, place in found if match and int(match[1]) not in alive]


def inside(files: Sequence[int]) -> list[int]:
    """The processes that run in the namespaces of these descriptors."""
    wanted = {os.fstat(file).st_ino for file in files}
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with suppress(OSError):
                if os.stat(f"/proc/{entry}/ns/net").st_ino in wanted:
                    found.append(int(entry))
    return sorted(found)
