"""Two nodes on loopback, killed outright and restarted at random: is every letter delivered once?

    make test-kill [MINUTES=10]

Two `orbital node` processes as they are by default, named by their keys and signing every bundle, with their stores on
disk and one session of TCPCLv4 between them. Somebody posts numbered
letters at the one and somebody takes mail at the other, both through the nodes' sockets, both told by nobody when a
node dies: they say again what was not answered. Meanwhile SIGKILL goes to one of the nodes, or both, again and again.
In the last tenth of the time nobody is killed any more, and everything must arrive.

Letters are counted by the number in their payload. Exits 0 if each of them came once and whole.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from orbitalcloud.core import Unreachable
from orbitalcloud.live.node_client import NodeClient
from orbitalcloud.node.letters import Letter, Post

ORBITAL = (sys.executable, "-c", "from orbitalcloud.cli import main; main()")
BATCH = 64
PAYLOAD_BYTES = 1000
QUIET_SHARE = 0.1
"""Of the time, at the end, without kills; what is then missing has this long, and a minute, to arrive."""


@dataclass
class Node:
    """One node's process, started and killed as the plan has it."""

    name: str
    folder: Path
    options: list[str]
    process: subprocess.Popen[str] | None = None
    kills: int = 0
    cut_bytes: int = 0
    endpoint: str = ""
    stored: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Begin, and come back when it answers; a node that does not begin fails the proof."""
        command = [*ORBITAL, "node", "--json", "--store", str(self.folder), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.name} did not start"
        ready = json.loads(line)
        self.endpoint = ready["endpoint"]
        self.cut_bytes += ready["cut_bytes"]
        self.stored.append(ready["stored_bundles"] + ready["mail"])
        assert ready["salvaged"] == []

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it."""
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} ended by itself with {self.process.returncode}"
        self.process.send_signal(how)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.kills += how == signal.SIGKILL


@dataclass
class Proof:
    """What is to be sent, what has come, and until when."""

    letters: int
    ends: float
    begun: float = field(default_factory=time.monotonic)
    posted: int = 0
    refusals: int = 0
    again: int = 0
    came: Counter[int] = field(default_factory=Counter)
    wrong: int = 0

    @property
    def due(self) -> int:
        """How many letters are to be posted by now: all when nine tenths of the time are over."""
        share = (time.monotonic() - self.begun) / ((self.ends - self.begun) * (1 - QUIET_SHARE))
        return min(self.letters, int(self.letters * share) + 1)

    @property
    def over(self) -> bool:
        return len(self.came) == self.letters or time.monotonic() > self.ends + 60


def payload(number: int) -> bytes:
    """The number, and bytes that follow from it."""
    digest = hashlib.sha256(number.to_bytes(8, "big")).digest()
    return number.to_bytes(8, "big") + (digest * (PAYLOAD_BYTES // 32 + 1))[: PAYLOAD_BYTES - 8]


def post(proof: Proof, folder: Path, to: str) -> None:
    """Hand over letters as they are due; what was not answered is said again."""
    while proof.posted < proof.letters and not proof.over:
        with contextlib.suppress(Unreachable), NodeClient(folder) as client:
            while proof.posted < proof.letters:
                last = min(proof.due, proof.posted + BATCH)
                if last <= proof.posted:
                    time.sleep(0.005)
                    continue
                letters = tuple(Letter(f"{to}proof", payload(number)) for number in range(proof.posted, last))
                said = client.say(Post(letters, "proof", proof.posted))
                proof.again += said.known
                proof.refusals += bool(said.refusal)
                proof.posted += said.known + len(said.bundles)
                if said.refusal:
                    time.sleep(0.1)
        time.sleep(0.02)


def take(proof: Proof, folder: Path) -> None:
    """Take mail, and count it; a number that was read is confirmed with the next question."""
    after = 0
    while not proof.over:
        with contextlib.suppress(Unreachable), NodeClient(folder) as client:
            while not proof.over:
                for mail in client.read("proof", after, wait_s=0.5):
                    number = int.from_bytes(mail.payload[:8], "big")
                    proof.came[number] += 1
                    proof.wrong += mail.payload != payload(number)
                    after = mail.number
        time.sleep(0.02)


def harass(nodes: list[Node], until: float, chance: random.Random, mean_s: float) -> None:
    """Kill one or both, let them lie for a while, start them again."""
    while time.monotonic() < until:
        time.sleep(min(chance.expovariate(1 / mean_s), max(0.0, until - time.monotonic())))
        chosen = chance.sample(nodes, chance.choice((1, 1, 1, 2)))
        for node in chosen:
            node.kill()
        time.sleep(chance.uniform(0, mean_s / 4))
        for node in chosen:
            node.start()


def prove(minutes: float, letters: int, seed: int, mean_s: float) -> tuple[Proof, list[Node], float]:
    """Run it; the counts, the nodes, and how long it took."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as place:
        a = Node("a", Path(place, "a"), ["--listen", f"tcpcl://127.0.0.1:{port}"])
        b = Node("b", Path(place, "b"), ["--peer", f"tcpcl://127.0.0.1:{port}"])
        try:
            for node in (a, b):
                node.start()
            proof = Proof(letters, time.monotonic() + 60 * minutes)
            threads = [threading.Thread(target=post, args=(proof, a.folder, b.endpoint), daemon=True)]
            threads.append(threading.Thread(target=take, args=(proof, b.folder), daemon=True))
            for thread in threads:
                thread.start()
            quiet = proof.ends - 60 * minutes * QUIET_SHARE
            harass([a, b], quiet, random.Random(seed), mean_s)
            for thread in threads:
                thread.join(60 * minutes + 120)
            took = time.monotonic() - proof.begun
            for node in (a, b):
                node.kill(signal.SIGTERM)
                assert node.process is not None
                assert node.process.returncode == 0, "SIGTERM ends it cleanly"
        finally:
            for node in (a, b):
                if node.process is not None and node.process.poll() is None:
                    node.process.kill()
        return proof, [a, b], took


def told(proof: Proof, nodes: list[Node], took: float) -> str:
    """The counts in words."""
    twice = sum(count > 1 for count in proof.came.values())
    a, b = nodes
    return "\n".join(
        (
            f"{len(proof.came):,} of {proof.letters:,} letters delivered in {took / 60:.1f} minutes,"
            f" {twice} of them twice, {proof.wrong} damaged",
            f"  kills: {a.kills} of the sender, {b.kills} of the receiver;"
            f" {a.cut_bytes + b.cut_bytes:,} bytes of torn tails cut",
            f"  found at restarts: up to {max(a.stored):,} letters at the sender, {max(b.stored):,} at the receiver",
            f"  said again without being taken again: {proof.again:,}; refused for want of room: {proof.refusals}",
        )
    )


def holds(proof: Proof) -> bool:
    """Whether each letter came, once, whole."""
    return sorted(proof.came.elements()) == list(range(proof.letters)) and not proof.wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--between", type=float, default=4.0, help="seconds between kills, on average")
    given = parser.parse_args()
    proof, nodes, took = prove(given.minutes, given.letters, given.seed, given.between)
    print(told(proof, nodes, took))
    print("every letter once" if holds(proof) else f"NOT every letter once; repeat with --seed {given.seed}")
    return 0 if holds(proof) else 1


if __name__ == "__main__":
    sys.exit(main())
