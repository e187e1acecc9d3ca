"""How many bundles of 1 kB a second go between two nodes on loopback, over TCPCLv4? Goals: 20,000, and 5,000 durable.

Two processes, each a whole node as `orbital node` runs it: letters are posted at one, carried over a session, put into
a mailbox at the other, and taken out there. *Durable* is with a journal on both sides: nothing is acknowledged before
it is on the disk. HDTN (C++) moves 53,000 and ION over STCP 3,000 on machines like this one (`shared/STACK.md`).
*Signed* is what `orbital node` does unless it is told otherwise: each bundle is signed by its source and verified where
it ends. Ed25519 is then what takes the time; its rate alone on this machine is printed beside it, and no goal is held
against it.

What is printed last is the rate without durable custody or signatures as a share of its goal. Wall time, the best of
three rounds, for these machines are shared; CPU time tells what one core of each process could do at most.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import time

import msgspec
from asking import BELOW_GOAL, SCRATCH, answer, table
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orbitalcloud.core import Seed
from orbitalcloud.live.host import NodeHost
from orbitalcloud.live.node_config import NodeConfig
from orbitalcloud.live.node_folder import NodeFolder
from orbitalcloud.live.node_process import GARBAGE, limits_of
from orbitalcloud.live.wires import Wires, parse_wire
from orbitalcloud.network import Petnames
from orbitalcloud.network.identity import public_of
from orbitalcloud.network.security import source_policy
from orbitalcloud.network.tcpcl_events import SessionPolicy
from orbitalcloud.node.letters import POST, TAKE, Letter, Post, Take
from orbitalcloud.node.post import NetworkNode

BUNDLES, BYTES, ROUNDS = 40_000, 1000, 3
AT_ONCE, AHEAD = 64, 4096
GOAL, DURABLE_GOAL = 20_000, 5_000
WAYS = (
    ("in memory", "quick", GOAL),
    ("durable on both sides", "durable", DURABLE_GOAL),
    ("in memory, signed", "quick-signed", 0),
    ("durable and signed, as by default", "durable-signed", 0),
)
PLACE = SCRATCH / "loopback"


def private_of(name: str) -> bytes:
    return Seed.of(1).child(name).bytes(32)


def host_of(name: str, how: str) -> NodeHost:
    """A node, with its memory on disk or without, whose bundles are signed or not."""
    journal = NodeFolder(PLACE / name).journal if "durable" in how else None
    names = Petnames({one: public_of(private_of(one)) for one in ("a", "b")})
    policy = source_policy("signed", (), names) if "signed" in how else None
    limits = limits_of(NodeConfig())
    host = NodeHost(NetworkNode(name, private_of(name), limits=limits, policy=policy, names=names), journal)
    host.start()
    return host


async def receive(how: str) -> None:
    """Take every letter; print how long it took, and the CPU time."""
    host = host_of("b", how)
    wires = Wires(host, SessionPolicy(node_id="dtn://b/"))
    print(await wires.listen(parse_wire("tcpcl://127.0.0.1:0")), flush=True)
    taken, last, begun = 0, 0, 0.0
    while taken < BUNDLES:
        await host.mail_for("in")
        if not begun:
            begun, before = time.monotonic(), cpu_s()
        mail = host.node.mail.later("in", last, AHEAD)
        taken, last = taken + len(mail), mail[-1].number
        await host.command(TAKE, msgspec.msgpack.encode(Take("in", last))).durable
    print(json.dumps({"wall": time.monotonic() - begun, "cpu": cpu_s() - before}), flush=True)
    while host.links:  # the sender is still being told
        await asyncio.sleep(0.01)
    await wires.close()
    await host.stop()


async def send(how: str, port: int) -> None:
    """Post letters, so many ahead of what was acknowledged; print the CPU time."""
    host = host_of("a", how)
    wires = Wires(host, SessionPolicy(node_id="dtn://a/"))
    await wires.dial(parse_wire(f"tcpcl://127.0.0.1:{port}"))
    while not host.links:
        await asyncio.sleep(0.01)
    letter, before = Letter("dtn://b/in", bytes(BYTES)), cpu_s()
    for first in range(0, BUNDLES, AT_ONCE):
        body = msgspec.msgpack.encode(Post((letter,) * AT_ONCE, "bench", first))
        host.command(POST, body)
        while host.node.agent.stored_bundles > AHEAD:
            await asyncio.sleep(0)
    while host.node.agent.stored_bundles:
        await asyncio.sleep(0.001)
    print(json.dumps({"cpu": cpu_s() - before}), flush=True)
    await wires.close()
    await host.stop()


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ed25519_rate() -> tuple[float, float]:
    """Signatures a second that this machine makes, and that it checks."""
    key, message = Ed25519PrivateKey.from_private_bytes(private_of("a")), bytes(BYTES)
    public, signature = key.public_key(), key.sign(message)
    rates = []
    for act in (lambda: key.sign(message), lambda: public.verify(signature, message)):
        begun = time.process_time()
        for _ in range(2000):
            act()
        rates.append(2000 / (time.process_time() - begun))
    return rates[0], rates[1]


def measure(how: str) -> tuple[float, float, float]:
    """(bundles a second of wall time, microseconds of CPU a bundle at the sender, at the receiver)."""
    shutil.rmtree(PLACE, ignore_errors=True)
    command = [sys.executable, __file__, how]
    with subprocess.Popen([*command, "receive"], stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        port = receiver.stdout.readline().strip()
        sender = subprocess.run([*command, "send", port], capture_output=True, text=True, check=True, timeout=60)
        theirs = json.loads(receiver.stdout.readline())
    return BUNDLES / theirs["wall"], json.loads(sender.stdout)["cpu"] / BUNDLES * 1e6, theirs["cpu"] / BUNDLES * 1e6


def main(arguments: list[str]) -> int:
    if arguments:
        how = arguments[0]
        gc.set_threshold(*GARBAGE)
        asyncio.run(receive(how) if arguments[1] == "receive" else send(how, int(arguments[2])))
        return 0
    rows, ratios = [], []
    for label, how, goal in WAYS:
        rate, sent_us, received_us = max(measure(how) for _ in range(ROUNDS))
        most = 1e6 / max(sent_us, received_us)
        held = f", {rate / goal:.2f} of the goal of {goal:,}" if goal else ""
        rows += [
            (label, f"{rate:,.0f} bundles/s{held}"),
            ("  CPU a bundle", f"{sent_us:.0f} µs at the sender, {received_us:.0f} µs at the receiver"),
            ("  one core each could do", f"{most:,.0f} bundles/s"),
        ]
        ratios.append(rate / goal if goal else 1.0)
    made, checked = ed25519_rate()
    rows.append(("Ed25519 alone, one core", f"{made:,.0f} signatures/s made, {checked:,.0f} checked"))
    table(
        f"{BUNDLES:,} bundles with {BYTES} bytes of payload, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        rows,
    )
    shutil.rmtree(PLACE, ignore_errors=True)
    code = answer("loopback", ratios[0], 1.0)
    return code if min(ratios) >= 1 else BELOW_GOAL


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
