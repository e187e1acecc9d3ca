"""A real Ethereum node, anvil (Rust, from npm), started for the tests of this folder: `make test-chain`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ANVIL = "@foundry-rs/anvil@1.7.1"
ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".bench" / "anvil"


def installed() -> Path:
    """The program, brought from npm if it is not there."""
    program = HOME / "node_modules" / ".bin" / "anvil"
    if not program.exists():
        assert shutil.which("npm"), "make test-chain needs npm: apt install npm"
        HOME.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "init", "-y"], cwd=HOME, check=True, capture_output=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", ANVIL], cwd=HOME, check=True)
    return program


class Anvil:
    """One node in a process of its own."""

    def __init__(self, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        command = [str(installed()), "--host", "127.0.0.1", "--port", str(self.port), "--silent", *options]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        # npm's program starts the real one: a session of their own, so that a signal reaches both
        self.process = subprocess.Popen(command, start_new_session=True, **quiet)
        self.url = f"http://127.0.0.1:{self.port}"
        until = time.monotonic() + 20
        while True:
            try:
                self.ask("eth_chainId")
                return
            except OSError:
                assert self.process.poll() is None, "anvil ended"
                assert time.monotonic() < until, "anvil does not answer"
                time.sleep(0.05)

    def ask(self, method: str, *params: object) -> Any:
        """One JSON-RPC call, also of what only anvil has."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def signal(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    node = Anvil()
    yield node
    node.stop()


@pytest.fixture
def slow_anvil() -> Iterator[Anvil]:
    """A node that mines only when it is told."""
    node = Anvil("--no-mining")
    yield node
    node.stop()
