"""Do physics and driver cost less than a tenth of the jobs? Genesis-1's day from a warm start; goal: 10.

The ratio is the CPU time of the executed jobs over that of everything else but Ethereum: building the fleet, the World,
nodes, bundles, heap, Log, checkpoints and products. Ethereum's work (light client, wallet, EVM) is real work aboard and
on the ground as jobs are; it is neither side of the question, and has its own row.

Warm: a first flight in this process fills numba's caches and makes the models' sessions. Then several flights are
measured and the median ratio counts. They are timed in a few dozen places only; what "everything else" consists of is
found in one more flight, whose thousands of timers would weigh on the answer. Process CPU time, system time included.
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
from orbitalcloud.node import Node, station
from orbitalcloud.twin import Carrier, Flight, Folder, World
from orbitalcloud.twin.gateway import Gateway
from orbitalcloud.twin.medium import Medium

MISSION = "genesis-1"
FLIGHTS = 5
GOAL = 10

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
    "nodes and network: desks, bundles, frames": ((Node, "handle"), (Medium, "send")),
    "checkpoints": ((Flight, "checkpoint"),),
    "receipts and results to disk": ((Flight, "_write_products"),),
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


def others(seconds: dict[str, float]) -> float:
    """Everything but jobs and Ethereum."""
    return sum(seconds.values()) - seconds[JOBS] - seconds[ETHEREUM]


def main() -> int:
    cold, digest = flight()
    warm = [flight() for _ in range(FLIGHTS)]
    parts, _ = flight(fine=True)
    assert {digest} == {found for _, found in warm}, "every flight is the same flight"
    flights = [seconds for seconds, _ in warm]
    ratios = [seconds[JOBS] / others(seconds) for seconds in flights]
    ratio = median(ratios)

    def middle(take: Callable[[dict[str, float]], float]) -> str:
        return f"{median(map(take, flights)):.3f} s"

    rows = [
        ("the first, cold flight, all", f"{sum(cold.values()):.3f} s"),
        ("a warm flight, all", middle(lambda seconds: sum(seconds.values()))),
        (f"  {JOBS}", middle(lambda seconds: seconds[JOBS])),
        (f"  {ETHEREUM}", middle(lambda seconds: seconds[ETHEREUM])),
        ("  everything else", middle(others)),
        ("jobs over everything else, each flight", ", ".join(f"{one:.2f}" for one in sorted(ratios))),
        ("of which, in one more flight with timers throughout:", ""),
        *((f"  {name}", f"{parts[name]:.3f} s") for name in sorted({*FINE, REST}, key=lambda name: -parts[name])),
    ]
    table(f"Genesis-1's day, CPU, median of {FLIGHTS} warm flights", rows)
    if ratio < GOAL:
        most = max({*FINE, REST}, key=lambda name: parts[name])
        short = median(map(others, flights)) - median(seconds[JOBS] for seconds in flights) / GOAL
        print(f"Everything else takes {short:.3f} s too much; the largest part of it is {most}.\n")
    return answer("genesis_day", ratio, GOAL)


if __name__ == "__main__":
    sys.exit(main())
