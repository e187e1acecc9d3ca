"""Running a program inside an emulation's node: `python -m orbitalcloud.live.entering PROCESS NODE COMMAND…`.

The program sees the node's network only, the emulation's names in /etc/hosts, and no resolver; the rest of the machine
is as it was.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from orbitalcloud.core import Refused, Unreachable, Why
from orbitalcloud.live import namespaces
from orbitalcloud.live.emulations import Running, chosen, hosts_file

NO_RESOLVER = Path("/dev/null")
NOT_FOUND, NOT_RUNNABLE = 127, 126
"""A shell's exit codes (POSIX 2.8.2)."""


def enter(folder: Path, running: Running, node: str, already_user: bool = False) -> None:
    """Move this process into the node. `already_user`: it is in the emulation's user namespace as it is."""
    place = running.place(node)
    try:
        namespaces.join(running.process, place.file, running.rights == "user" and not already_user)
        hosts = hosts_file(folder, running.process)
        namespaces.over({hosts: Path("/etc/hosts"), NO_RESOLVER: Path("/etc/resolv.conf")})
    except FileNotFoundError:
        raise Unreachable(f"emulation {running.process} has ended") from None
    except OSError as error:
        text = f"{node} cannot be entered: {error.strerror}; it needs the rights of who runs the emulation"
        raise Refused(Why(False, "rights", text)) from None


def become(command: list[str]) -> NoReturn:
    """Run the program in this process's place."""
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"orbital: {command[0]}: {error.strerror}", file=sys.stderr)
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE)


def command_line(folder: Path, process: int, node: str, command: list[str]) -> list[str]:
    """How the emulation's own process starts a program in a node."""
    return [sys.executable, "-m", "orbitalcloud.live.entering", str(folder), str(process), node, *command]


if __name__ == "__main__":
    given_folder, given = Path(sys.argv[1]), int(sys.argv[2])
    enter(given_folder, chosen(given_folder, given), sys.argv[3], already_user=True)
    become(sys.argv[4:])
