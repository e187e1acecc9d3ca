"""Do physics and driver cost less than a tenth of the jobs? Genesis-1's day from a warm start; goal: 10.

The ratio is the CPU time of the executed jobs over that of physics and driver: building the fleet, the World, the heap,
the Log, checkpoints and files. What the nodes' own software does (bundles, hashing, receipts, plans) and Ethereum's
work (light client, wallet, EVM) would be done aboard and on the ground just so: they are neither side of the question,
have rows of their own, and a second ratio counts the nodes as overhead too.

Warm: a first flight in this process fills numba's caches and makes the models' sessions. Then several flights are
measured and the median ratio counts. The timers themselves weigh on physics and driver. Process CPU time, system time
included.
"""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from statistics import median
from time import process_time
from typing import Any

from asking import SCRATCH, answer, table

from orbitalcloud import sim
from orbitalcloud.ethereum import LightClient, Wallet
from orbitalcloud.mission import load
from orbitalcloud.node import Node, chaindesk, station
from orbitalcloud.twin import Carrier, Flight, Folder, World, build
from orbitalcloud.twin.gateway import Gateway
from orbitalcloud.twin.medium import Medium

MISSION = "genesis-1"
FLIGHTS = 5
GOAL = 10

NODES = "nodes: desks, plans, bundles, hashing, receipts"
JOBS, ETHEREUM = "jobs, really executed", "Ethereum: light client, wallet, EVM"
COARSE: dict[str, tuple[tuple[Any, str], ...]] = {
    JOBS: ((Carrier, "execute"),),
    ETHEREUM: (
        (LightClient, "bootstrap"),
        (LightClient, "update"),
        (LightClient, "to_bytes"),
        (LightClient, "from_bytes"),
        (Wallet, "born"),
        (Wallet, "sign_transaction"),
        (Wallet, "to_bytes"),
        (Wallet, "from_bytes"),
        (Gateway, "request"),
        (build, "paying_facts"),
        (chaindesk, "prove_settlement"),
        (chaindesk, "prove_state"),
        (station, "recover_sender"),
        (station, "transaction_hash"),
    ),
}
FINE: dict[str, tuple[tuple[Any, str], ...]] = {
    "physics: orbit, light, contacts, power, heat": (
        (World, "__init__"),
        (World, "contacts"),
        (World, "light_turns"),
        (World, "sunlight"),
        (World, "period_ns"),
        (World, "array_mw"),
        (World, "readings"),
        (World, "draw"),
        (World, "light_time_ns"),
        (World, "lose_strings"),
    ),
    NODES: ((Node, "handle"),),
    "links: what becomes of a frame": ((Medium, "send"),),
    "checkpoints": ((Flight, "checkpoint"),),
    "receipts and results to disk": ((Folder, "write_products"),),
    "building the fleet": ((Flight, "begin"),),
}
REST = "driver: heap, effects, Log"


@dataclass(slots=True)
class Meter:
    """CPU seconds by name; what runs inside another timed thing counts for itself alone."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _inside: list[str] = field(default_factory=lambda: [REST])
    _since: float = field(default_factory=process_time)

    def turn(self, name: str | None) -> None:
        """From now on time counts for `name`, or again for what is around it."""
        now = process_time()
        self.seconds[self._inside[-1]] += now - self._since
        self._since = now
        if name is None:
            self._inside.pop()
        else:
            self._inside.append(name)

    @contextmanager
    def on(self, places: dict[str, tuple[tuple[Any, str], ...]]) -> Iterator[None]:
        """Time these functions while the block runs."""
        before = []
        for name, found in places.items():
            for owner, attribute in found:
                original = vars(owner)[attribute]
                before.append((owner, attribute, original))
                setattr(owner, attribute, self._timed(name, original))
        try:
            yield
        finally:
            for owner, attribute, original in before:
                setattr(owner, attribute, original)

    def _timed(self, name: str, original: Any) -> Any:
        if isinstance(original, classmethod):
            return classmethod(self._timed(name, original.__func__))
        return self._stepped(name, original) if original is Node.handle else self._called(name, original)

    def _called(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **named: Any) -> Any:
            self.turn(name)
            try:
                return function(*args, **named)
            finally:
                self.turn(None)

        return timed

    def _stepped(self, name: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """For a generator: its own steps, and not what its reader does between them."""

        @wraps(function)
        def timed(*args: Any) -> Iterator[Any]:
            steps = function(*args)
            while True:
                self.turn(name)
                try:
                    effect = next(steps)
                except StopIteration:
                    return
                finally:
                    self.turn(None)
                yield effect

        return timed


def flight(fine: bool = False) -> tuple[dict[str, float], str]:
    """CPU seconds of one flight by name, and its digest."""
    out = SCRATCH / "flights" / MISSION
    shutil.rmtree(out, ignore_errors=True)
    loaded = load(MISSION)
    meter = Meter()
    with meter.on({**COARSE, **FINE} if fine else COARSE):
        status = sim.fly(loaded, Folder.create(out), loaded.mission.seed)
        meter.turn(REST)
    shutil.rmtree(SCRATCH / "flights", ignore_errors=True)
    return dict(meter.seconds), status.digest


def overhead(seconds: dict[str, float]) -> float:
    """Physics and driver: everything but jobs, Ethereum and the nodes' own software."""
    return sum(seconds.values()) - seconds[JOBS] - seconds[ETHEREUM] - seconds[NODES]


def main() -> int:
    cold, digest = flight(fine=True)
    warm = [flight(fine=True) for _ in range(FLIGHTS)]
    assert {digest} == {found for _, found in warm}, "every flight is the same flight"
    flights = [seconds for seconds, _ in warm]
    ratio = median(seconds[JOBS] / overhead(seconds) for seconds in flights)
    strict = median(seconds[JOBS] / (overhead(seconds) + seconds[NODES]) for seconds in flights)

    def middle(take: Callable[[dict[str, float]], float]) -> str:
        return f"{median(map(take, flights)):.3f} s"

    def part(name: str) -> tuple[str, str]:
        return f"  {name}", middle(lambda seconds: seconds.get(name, 0.0))

    of = sorted({*FINE, REST} - {NODES}, key=lambda name: -median(seconds.get(name, 0.0) for seconds in flights))
    rows = [
        ("the first, cold flight, all", f"{sum(cold.values()):.3f} s"),
        ("a warm flight, all", middle(lambda seconds: sum(seconds.values()))),
        part(JOBS),
        part(ETHEREUM),
        part(NODES),
        ("  physics and driver", middle(overhead)),
        *((f"  {name}", value) for name, value in map(part, of)),
        ("jobs over physics, driver and nodes", f"{strict:.2f}"),
    ]
    table(f"Genesis-1's day, CPU, median of {FLIGHTS} warm flights", rows)
    return answer("genesis_day", ratio, GOAL)


if __name__ == "__main__":
    sys.exit(main())
