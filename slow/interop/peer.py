"""A peer program in its own process and environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

PEERS = Path(__file__).parent / "peers"


class Peer:
    """One peer program: a question a line in, an answer a line out, both JSON."""

    def __init__(self, python: Path, script: str, *arguments: str) -> None:
        command = [str(python), str(PEERS / script), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def say(self, **question: object) -> dict[str, Any]:
        """Its answer: `ok`, or `error` and what went wrong in it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"{self.process.args} ended with {self.process.wait()}"
        return dict(json.loads(line))

    def ask(self, **question: object) -> Any:
        """Its answer, where it has one."""
        said = self.say(**question)
        assert "ok" in said, said["error"]
        return said["ok"]

    def refuses(self, **question: object) -> str:
        """The last line of what went wrong in it."""
        said = self.say(**question)
        assert "error" in said, said
        return str(said["error"]).strip().splitlines()[-1]

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
