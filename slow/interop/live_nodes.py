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

from orbitalcloud.live.control import Shown
from orbitalcloud.live.node_client import NodeClient
from orbitalcloud.node.letters import Letter, Post

ORBITAL = (sys.executable, "-c", "from orbitalcloud.cli import main; main()")
PATIENCE_S = 20.0


class LiveNode:
    """A node that answers; `ports` are where it listens, in the order of its `--listen`."""

    def __init__(self, name: str, folder: Path, options: tuple[str, ...]) -> None:
        command = [*ORBITAL, "node", "--json", "--store", str(folder), "--name", name, "--security", "none", *options]
        self.name, self.folder = name, folder
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{name} did not start"
        self.ready = json.loads(line)
        self.ports = [int(place.rpartition(":")[2]) for place in self.ready["listens"]]

    def stop(self) -> None:
        """End it as Ctrl-C does, and see that it ends well; once is enough."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert self.process.wait(20) == 0, f"{self.name} did not end well"

    def send(self, to: str, payload: bytes, service: str = "", reports: bool = False) -> str:
        """As `orbital send`; the bundle's id."""
        with NodeClient(self.folder) as client:
            said = client.say(Post((Letter(to, payload, source_service=service, reports=reports),)))
        assert not said.refusal, said.refusal
        return said.bundles[0]

    def recv(self, service: str, count: int = 1) -> list[dict[str, Any]]:
        """`orbital recv`: so many letters, their payload as bytes."""
        said = self._verb("recv", service, "--count", str(count), "--wait", f"{PATIENCE_S:g}", "--json")
        letters = [json.loads(line) for line in said.splitlines()]
        assert len(letters) == count, said
        return [letter | {"payload": base64.b64decode(letter["payload"])} for letter in letters]

    def show(self) -> Shown:
        """How it is, and its newest entries, as `orbital get` has them."""
        with NodeClient(self.folder) as client:
            return client.show(1000)

    def until(self, holds: Callable[[Shown], object]) -> Shown:
        """Ask again and again until it is as it should be."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds(found := self.show()):
            assert time.monotonic() < deadline, f"{self.name} is {found}"
            time.sleep(0.02)
        return found

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """A verb that goes on while we do something else."""
        return subprocess.Popen([*ORBITAL, *words, "--store", str(self.folder)], stdout=subprocess.PIPE, text=True)

    def _verb(self, *words: str) -> str:
        done = subprocess.run(
            [*ORBITAL, *words, "--store", str(self.folder)], capture_output=True, text=True, timeout=PATIENCE_S + 20
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout
