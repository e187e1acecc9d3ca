"""`orbital node` in a process of its own, and the verbs by which a person sends through it and reads its mail."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ORBITAL = (sys.executable, "-c", "from orbitalcloud.cli import main; main()")
PATIENCE_S = 20.0


class LiveNode:
    """A node that answers; `ports` are where it listens, in the order of its `--listen`."""

    def __init__(self, name: str, folder: Path, options: tuple[str, ...]) -> None:
        command = [*ORBITAL, "node", "--json", "--store", str(folder), "--name", name, *options]
        self.name, self.folder = name, folder
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{name} did not start"
        self.ready = json.loads(line)
        self.ports = [int(place.rpartition(":")[2]) for place in self.ready["listens"]]

    def stop(self) -> None:
        """End it as Ctrl-C does, and see that it ends well."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert self.process.wait(20) == 0, f"{self.name} did not end well"

    def send(self, to: str, payload: bytes, *options: str) -> None:
        """`orbital send`."""
        place = self.folder / "letter"
        place.write_bytes(payload)
        self._verb("send", to, str(place), *options)

    def recv(self, service: str, count: int = 1) -> list[dict[str, Any]]:
        """`orbital recv`: so many letters, their payload as bytes."""
        said = self._verb("recv", service, "--count", str(count), "--wait", f"{PATIENCE_S:g}", "--json")
        letters = [json.loads(line) for line in said.splitlines()]
        assert len(letters) == count, said
        return [letter | {"payload": base64.b64decode(letter["payload"])} for letter in letters]

    def get(self, kind: str) -> Any:
        """`orbital get KIND`."""
        return json.loads(self._verb("get", kind, "--json"))

    def until(self, kind: str, holds: Callable[[Any], bool]) -> Any:
        """`orbital get KIND`, again and again until it is as it should be."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds(found := self.get(kind)):
            assert time.monotonic() < deadline, f"{self.name}: {kind} is {found}"
            time.sleep(0.1)
        return found

    def _verb(self, *words: str) -> str:
        done = subprocess.run(
            [*ORBITAL, *words, "--store", str(self.folder)], capture_output=True, text=True, timeout=PATIENCE_S + 20
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout
