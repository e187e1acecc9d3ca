"""Implementations that nobody here wrote, installed by the tests themselves: `make test-interop`.

Python peers (pyD3TN, ud3tn-utils, dtn7zero, pydtnsim) come from PyPI into an environment of their own under `.bench`;
dtn7zero is AGPL and is never imported here, only run. tshark comes from Debian (`apt-get` where we are root).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from interop.live_nodes import LiveNode
from interop.peer import Peer

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".bench" / "interop"
WANTED = ("pyD3TN==0.15.2", "ud3tn-utils==0.13.0", "dtn7zero==0.0.8", "pydtnsim==0.1.1")


@pytest.fixture(scope="session")
def peer_python() -> Path:
    """The interpreter of the peers' environment, made if it is not there."""
    python = HOME / "bin" / "python"
    ready = HOME / ("ready-" + "-".join(wanted.split("==")[1] for wanted in WANTED))
    if not ready.exists():
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *WANTED], check=True)
        ready.touch()
    return python


@pytest.fixture(scope="session")
def tshark() -> str:
    """Wireshark's dissector on the command line; brought by apt-get where it is missing and we are root."""
    if shutil.which("tshark") is None:
        assert os.geteuid() == 0, "make test-interop needs tshark: sudo apt-get install tshark"
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "tshark"], check=True, env=quiet)
    found = shutil.which("tshark")
    assert found, "tshark was installed and is not there"
    return found


Start = Callable[..., Peer]


@pytest.fixture
def peer(peer_python: Path) -> Iterator[Start]:
    """Starts a peer program by its name; those started are ended with the test."""
    started: list[Peer] = []

    def start(script: str, *arguments: str) -> Peer:
        started.append(Peer(peer_python, script, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="session")
def codecs(peer_python: Path) -> Iterator[Peer]:
    """pyD3TN's bundle codec."""
    found = Peer(peer_python, "codecs.py")
    yield found
    found.close()


@pytest.fixture(scope="session")
def dtn7(peer_python: Path) -> Iterator[Peer]:
    """py-dtn7's bundle codec, dtn7zero's."""
    found = Peer(peer_python, "dtn7.py")
    yield found
    found.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Callable[..., LiveNode]]:
    """Starts `orbital node` under a name with options; those started are ended with the test, in order."""
    started: list[LiveNode] = []

    def start(name: str, *options: str) -> LiveNode:
        started.append(LiveNode(name, tmp_path / name.replace(":", "-"), options))
        return started[-1]

    yield start
    for one in started:
        one.stop()
