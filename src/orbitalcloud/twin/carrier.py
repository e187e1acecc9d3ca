"""The carrier: nodes, World, links and chain in one process, and what turns effects into coming events.

Both drivers are this heap of due events; they differ in how they wait for the next one and in how a job is executed:
`sim` does not wait, `live` waits for the real clock. The heap's key is (instant in ns, priority, sequence), so that
nothing depends on the order of a set or a dict, and an event due at t is handled as at t.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, replace
from time import perf_counter

from orbitalcloud.compute import Artefact, Cost, Limits, Outcome, Usage
from orbitalcloud.compute.bitflips import Flip
from orbitalcloud.compute.guards import Ranges, Trip, guard_work, total
from orbitalcloud.core import MILLISECOND, SECOND, Instant, Log, Seed, digest_of, records
from orbitalcloud.core.effects import Draw, Effect, Erase, Record, Run, Save, Send, Stop, Wake
from orbitalcloud.core.events import (
    Commanded,
    ContactClosed,
    ContactOpened,
    Event,
    Finished,
    Fired,
    Readings,
    Received,
    Sensed,
    Started,
)
from orbitalcloud.core.records import Entry
from orbitalcloud.network import ContactPlan
from orbitalcloud.node import Node
from orbitalcloud.node.base import CHAIN
from orbitalcloud.node.vault import NETWORK, SLOTS
from orbitalcloud.twin.cells import Bounds, own_cells
from orbitalcloud.twin.closures import Closures
from orbitalcloud.twin.gateway import Gateway
from orbitalcloud.twin.keystores import KeyStore, SeedKeys
from orbitalcloud.twin.medium import Loss, Medium
from orbitalcloud.twin.strikes import Going, lying_flip, strike
from orbitalcloud.twin.timeline import (
    AnomalyTurns,
    FaultBegins,
    Happening,
    LawTurns,
    LightTurns,
    LinkCloses,
    LinkOpens,
    LinksFree,
    LinksShut,
    NodeFound,
    NodeLost,
    NodeRestarts,
    PlanTurns,
    SensorsDue,
    StringsFail,
    UpsetStrikes,
    WeatherTurns,
)
from orbitalcloud.twin.world import World

NEVER = Instant(0)

REBOOT_NS = 45 * SECOND
"""How long a node is gone when it restarts; an assumption, of the order of a Linux flight computer's boot."""

RPC_NS = 200 * MILLISECOND
"""A JSON-RPC answer over the internet; modelled, so that the same flight is the same flight."""

# At one instant: the World first, then what arrives, then what was asked for, then the periodic.
_CLOSES, _OPENS, _LIGHT, _FAULT, _STARTED, _RECEIVED, _FINISHED, _FIRED, _COMMANDED, _SENSED = range(10)
_PRIORITY: dict[type, int] = {
    LinkCloses: _CLOSES,
    LinkOpens: _OPENS,
    LightTurns: _LIGHT,
    WeatherTurns: _LIGHT,
    AnomalyTurns: _LIGHT,
    UpsetStrikes: _LIGHT,
    FaultBegins: _FAULT,
    StringsFail: _FAULT,
    NodeRestarts: _FAULT,
    LinksShut: _FAULT,
    LinksFree: _FAULT,
    NodeLost: _FAULT,
    NodeFound: _FAULT,
    PlanTurns: _FAULT,
    LawTurns: _FAULT,
    Started: _STARTED,
    Received: _RECEIVED,
    Finished: _FINISHED,
    Fired: _FIRED,
    Commanded: _COMMANDED,
    SensorsDue: _SENSED,
}

Due = tuple[int, int, int, str, int, Event | Happening]


class Carrier:
    """Everything of a flight that changes, but the Log's file: it pickles, and goes on where it was."""

    def __init__(
        self,
        build: Callable[[str], Node],
        world: World,
        gateway: Gateway | None,
        artefacts: dict[str, Artefact],
        seed: Seed,
        telemetry_ns: int,
    ) -> None:
        self.build, self.world, self.gateway, self.artefacts = build, world, gateway, artefacts
        self.seed, self.telemetry_ns = seed, telemetry_ns
        self.nodes: dict[str, Node] = {}
        self.saved: dict[str, dict[str, bytes]] = {}
        self.boots: dict[str, int] = {}
        self.keys: KeyStore = SeedKeys(seed)
        self.sealed = False
        """Whether nodes seal bundles for each other, and so share a secret."""
        self.erased: set[tuple[str, str]] = set()
        self.medium = Medium(seed.child("links"), world.base_loss_ppm)
        self.closures = Closures()
        self.lost: set[str] = set()
        """Satellites that are gone."""
        self.plans: dict[str, ContactPlan] = {}
        """What nodes go by whose plan is not the mission's."""
        self.laws: dict[str, str] = {}
        """Stations through which traffic of others is forbidden, and why."""
        self.now = world.starts
        self.events = 0
        self.execution_s = 0.0
        self.world_s = 0.0
        self._heap: list[Due] = []
        self._sequence = 0
        self._timers: dict[tuple[str, str], int] = {}
        self._runs: dict[str, int] = {}
        self._going: dict[str, Going] = {}
        self._lying: dict[str, tuple[str, UpsetStrikes | None]] = {}
        """The model in each accelerator's memory, by digest, and what struck it there, if anything did."""
        self.ranges: dict[str, Ranges] = {}
        """What the guard `range` lets pass of an artefact's outputs, by its digest; learnt on the ground."""
        self._dark: dict[str, None] = {}
        self.launch: Callable[[str, Run], None] | None = None
        """How a job is executed where that is not here and now (the live driver's worker)."""
        self.log: Log | None = None
        self.watch: Callable[[Entry], None] | None = None

    def __getstate__(self) -> dict[str, object]:
        """Without what belongs to the process; and without the device keys, which `unlock` brings."""
        kept = dict(self.__dict__)
        kept["keys"] = SeedKeys(self.seed)
        kept["log"] = kept["watch"] = kept["launch"] = None
        return kept

    def unlock(self, keys: KeyStore | None = None) -> None:
        """After thawing: open the nodes' secrets again with the device keys (None: those of the seed)."""
        if keys is not None:
            self.keys = keys
        for name, node in self.nodes.items():
            node.unlock(self.saved[name], self._device_keys(name))

    def _device_keys(self, name: str) -> dict[str, bytes]:
        """What a board's key store holds."""
        slots = (slot for slot in SLOTS if (name, slot) not in self.erased)
        own = {slot: key for slot in slots if (key := self.keys.key(name, slot))}
        return own | ({NETWORK: self.keys.key("", NETWORK)} if self.sealed else {})

    # The heap --------------------------------------------------------------------------------------------------------

    def push(self, at: Instant, node: str, event: Event | Happening) -> int:
        """Let `event` come to `node` at `at`; returns the sequence number that names it."""
        assert at >= self.now, "nothing happens in the past"
        self._sequence += 1
        boot = self.boots.get(node, 0)
        heapq.heappush(self._heap, (at, _PRIORITY[type(event)], self._sequence, node, boot, event))
        return self._sequence

    def next_due(self) -> Instant | None:
        """When the next event is due; None when there is none."""
        return Instant(self._heap[0][0]) if self._heap else None

    def step(self) -> None:
        """Handle the next event."""
        at, _, sequence, name, boot, event = heapq.heappop(self._heap)
        self.now = Instant(at)
        self.events += 1
        if isinstance(event, Happening):
            self._happen(name, event)
        elif self._concerns(name, boot, sequence, event):
            self._tell(name, event)

    def _concerns(self, name: str, boot: int, sequence: int, event: Event) -> bool:
        """Whether the event still has somebody to go to: not for a node that is down, nor for what was cancelled."""
        match event:
            case Started():
                # a fault in the middle of a restart begins it anew, and nothing starts without power
                return event.boot == self.boots[name] and name not in self._dark and name not in self.lost
            case Fired(timer):
                if self._timers.get((name, timer)) != sequence:
                    return False
                del self._timers[name, timer]
            case Finished(run):
                if self._runs.get(run) != sequence:
                    return False
                del self._runs[run]
                if not self.world.powered(name, self.now, "payload"):
                    self._sense(name)  # its power went before it could end: the node is told, and runs it again
                    return False
            case Received(peer, frame) if name not in self.nodes:
                self._record(records.FrameLost(self.now, name, peer, len(frame), "the receiver is down"))
            case Commanded() if name not in self.nodes:
                self.push(Instant(self.now + REBOOT_NS), name, event)  # the operator tries again
        if name not in self.nodes:
            return False
        timed = isinstance(event, Fired | Finished)
        return not timed or boot == self.boots[name]

    def _tell(self, name: str, event: Event) -> None:
        if isinstance(event, Started):
            self.nodes[name] = self.build(name)
            entropy = self.seed.child(name).child("entropy").bytes(32, event.boot)
            event = Started(dict(self.saved[name]), entropy, event.boot, self._device_keys(name))
        for effect in self.nodes[name].handle(self.now, event):
            self._perform(name, effect)
        if isinstance(event, Started):
            self._perform_all(name, self._informed(name))
            if name in self.world.names:
                self._sense(name)
            for contact in self.medium.open_from(name):
                self._link(name, ContactOpened(contact))

    def _sense(self, name: str) -> None:
        readings = self._readings(name)
        if name in self.nodes:  # it may have lost its power just now
            self._tell(name, Sensed(readings))

    def _readings(self, name: str) -> Readings:
        begun = perf_counter()  # it is asked thousands of times, and the process's own clock is a system call
        readings = self.world.readings(name, self.now)
        self.world_s += perf_counter() - begun
        for off in self.world.sheds(name):
            severity = "warning" if off else "activity"
            self._record(records.LoadsShed(self.now, name, severity, off, readings.charge_ppm))
        for down, unserved_mj in self.world.brown_outs(name):
            self._record(records.BrownOut(self.now, name, down, unserved_mj))
            if down:
                self._dark[name] = None
                self.nodes.pop(name, None)
                self._lying.pop(name, None)
                self.world.power_down(name, self.now)
            else:
                self._dark.pop(name, None)
                self._start(name, Instant(self.now + REBOOT_NS))
        return readings

    # Effects ---------------------------------------------------------------------------------------------------------

    def _perform(self, name: str, effect: Effect) -> None:
        match effect:
            case Record(entry):
                self._record(entry)
            case Send(peer, frame):
                self._send(name, peer, frame)
            case Wake(at, timer):
                self._timers.pop((name, timer), None)
                if at is not None:
                    self._timers[name, timer] = self.push(Instant(max(at, self.now)), name, Fired(timer))
            case Save(key, None):
                self.saved[name].pop(key, None)
            case Save(key, value) if value is not None:
                self.saved[name][key] = value
            case Erase(slot):
                self.erased.add((name, slot))
                self.keys.erase(name, slot)
            case Draw(load, power_mw):
                begun = perf_counter()
                self.world.draw(name, load, power_mw, self.now)
                self.world_s += perf_counter() - begun
            case Run():
                self.run(name, effect)
            case Stop(run):
                self._runs.pop(run, None)
                own_cells().stop(run)

    def _record(self, entry: Entry) -> None:
        assert self.log is not None, "a flight has its Log before its first event"
        self.log.append(entry)
        if self.gateway is not None and isinstance(entry, records.WalletBorn):
            self.gateway.fund(entry.address, entry.node)
        if self.watch is not None:
            self.watch(entry)

    def _send(self, name: str, peer: str, frame: bytes) -> None:
        if peer == CHAIN:
            if self.gateway is None:
                self._record(records.FrameLost(self.now, name, peer, len(frame), "this mission has no chain"))
                return
            if self.medium.is_out(name, self.now):
                self._record(records.FrameLost(self.now, name, peer, len(frame), "the station is out"))
                return
            if self.medium.is_blocked(name, self.now):
                self._record(records.FrameLost(self.now, name, peer, len(frame), "blocked on its way to the chain"))
                return
            answer = self.gateway.request(frame, self.now)
            self.push(Instant(self.now + RPC_NS), name, Received(peer, answer))
            return
        if name in self.world.names and not self.world.powered(name, None, "radio"):
            self._record(records.FrameLost(self.now, name, peer, len(frame), "the radio has no power"))
            return
        arrives, lost = self.medium.send(name, peer, len(frame), self.now, self.world.light_time_ns)
        if lost:
            self._record(records.FrameLost(self.now, name, peer, len(frame), lost))
        else:
            self.push(arrives, peer, Received(name, frame))

    # Jobs ------------------------------------------------------------------------------------------------------------

    def run(self, name: str, effect: Run) -> None:
        """Execute a job; its `Finished` comes after the modelled time."""
        if effect.modelled_operations:
            self.finish(name, effect, model(effect), self.now)
        elif self.launch is not None:
            self.launch(name, effect)
        else:
            self.finish(name, effect, self.execute(name, effect), self.now)

    def execute(self, name: str, effect: Run, paced: bool = False) -> Outcome:
        """Really run the artefact on its input, under its limits, in a process of its own (`cells`).

        `paced` gives a throttled run only its share of the processor: for the driver whose time is real.
        """
        artefact = self.artefact(name, effect.artefact)
        limits = _limits(effect)
        share = self.world.accelerator(name).throttled_ops_fraction if paced and effect.throttled else 1.0
        outcome = own_cells().run(artefact, effect.data, limits, Bounds(share=share), name=effect.run)
        self.execution_s += own_cells().last_cpu_s
        return outcome

    def artefact(self, name: str, digest: str) -> Artefact:
        """An artefact loaded before launch, or one that came up and lies in the node's own store."""
        if digest not in self.artefacts:
            self.artefacts[digest] = Artefact.of(self.saved[name][f"artefact/{digest}"])
        return self.artefacts[digest]

    def finish(self, name: str, effect: Run, outcome: Outcome, begun: Instant) -> None:
        """Push the `Finished` of a run that began at `begun`."""
        work: tuple[Usage, ...] = (outcome.usage,)
        if effect.guards:
            work = guard_work(self.artefact(name, effect.artefact), effect.data, outcome.usage, effect.guards)
        spent = total(work, self.world.accelerator(name), effect.throttled)
        self._going[name] = Going(effect, begun, outcome)
        self._end(name, effect, outcome, spent, Instant(begun + spent.duration_ns))
        if not effect.modelled_operations:
            self._loaded(name, self._going[name])

    def _end(
        self, name: str, effect: Run, outcome: Outcome, spent: Cost, due: Instant, trips: tuple[Trip, ...] = ()
    ) -> None:
        """Push the `Finished` of a run, instead of any that was pushed before."""
        failure = f"{outcome.failure}: {outcome.text}" if outcome.failure else ""
        event = Finished(
            run=effect.run,
            output=None if failure else outcome.output,
            failure=failure,
            operations=outcome.usage.operations,
            fuel=outcome.usage.fuel,
            memory_bytes=outcome.usage.memory_bytes,
            duration_ns=spent.duration_ns,
            energy_mj=spent.energy_mj,
            executed=effect.modelled_operations == 0,
            runtime=outcome.runtime,
            trips=tuple((one.guard, one.text) for one in trips),
        )
        self._runs[effect.run] = self.push(Instant(max(self.now, due)), name, event)

    def _loaded(self, name: str, going: Going) -> None:
        """The run's model lies in memory from now on; where it did already, and was struck there, it runs so."""
        digest = going.effect.artefact
        held, before = self._lying.get(name, ("", None))
        before = before if held == digest else None
        self._lying[name] = (digest, before)
        if before is not None and going.clean.ok:
            self._strike(name, going, before, lying_flip(before, self.artefact(name, digest)))

    def _struck(self, name: str, event: UpsetStrikes) -> None:
        """An upset strikes what runs there, if anything does: what comes of it is executed, and told."""
        going = self._going.get(name)
        if going is None or going.effect.run not in self._runs:
            model, before = self._lying.get(name, ("", None))
            if model and before is None and lying_flip(event, self.artefact(name, model)) is not None:
                self._lying[name] = (model, event)
            return
        if going.clean.ok and not going.effect.modelled_operations:
            self._strike(name, going, event)

    def _strike(self, name: str, going: Going, event: UpsetStrikes, lying: Flip | None = None) -> None:
        """Execute the run as struck, let it end so, and say what came of it."""
        effect, machine = going.effect, self.world.accelerator(name)
        artefact, ranges = self.artefact(name, effect.artefact), self.ranges.get(effect.artefact)
        seed = self.seed.child("strikes").child(f"{name}/{self.now}/{event.device}")
        hit = strike(going, event, artefact, _limits(effect), ranges, seed, lying)
        if hit is None:
            return
        if hit.place == "weights" and lying_flip(event, artefact) is not None:
            reloaded = hit.fate == "caught" and "restart" in effect.guards
            self._lying[name] = (effect.artefact, None if reloaded else event)
        fate = "late" if going.fate in ("silent", "crashed") else hit.fate
        before = total(guard_work(artefact, effect.data, going.clean.usage, effect.guards), machine, effect.throttled)
        after = hit.guarded.cost(machine, effect.throttled)
        ends = Instant(going.begun + after.duration_ns)
        if hit.place == "process":  # what was done until now, and with a restart all of it again
            done_ns = min(self.now - going.begun, before.duration_ns)
            spent_mj = before.energy_mj * done_ns // before.duration_ns
            again = before if fate == "caught" else Cost(0, 0)
            after, ends = (
                Cost(done_ns + again.duration_ns, spent_mj + again.energy_mj),
                Instant(self.now + again.duration_ns),
            )
        if fate != "late":
            self._going[name] = replace(going, fate=fate)
        if fate not in ("late", "harmless"):
            self._end(name, effect, hit.guarded.outcome, after, ends, hit.guarded.trips)
        extra = after.energy_mj - before.energy_mj if fate in ("caught", "crashed") else 0
        job = effect.run.rpartition("#")[0]
        struck = digest_of(hit.guarded.outcome.output) if hit.guarded.outcome.ok else ""
        self._record(
            records.UpsetStruckJob(
                at=self.now,
                node=name,
                job=job,
                device=event.device,
                place=hit.place,
                bit=hit.bit,
                fate=fate,
                guards=effect.guards,
                clean=digest_of(going.clean.output),
                struck=struck,
                extra_mj=extra,
                before=lying is not None,
            )
        )

    # Faults that are no event of the heap's --------------------------------------------------------------------------

    def trouble(self, loss: Loss, fault: str, text: str) -> None:
        """Arrange for frames to be lost, and say so in the Log when it begins."""
        self.medium.losses.append(loss)
        self.announce(loss.begins, loss.node, fault, text, loss.ends)

    def announce(self, at: Instant, node: str, fault: str, text: str, ends: Instant = NEVER) -> None:
        """Say in the Log, at `at`, what is being done to `node`, and until when (0: for good, or for a moment)."""
        self.push(at, node, FaultBegins(fault, text, ends))

    # What happens to nodes -------------------------------------------------------------------------------------------

    def _happen(self, name: str, event: Happening) -> None:
        match event:
            case SensorsDue():  # first, because nearly all are
                self.push(Instant(self.now + self.telemetry_ns), name, event)
                self._sense(name)
            case LinkOpens(contact, until):
                if not self.closures.hold(event):
                    self.medium.open(contact, until)
                    self._link(name, ContactOpened(contact))
            case LinkCloses(contact):
                if not self.closures.drop(contact):
                    self.medium.close(contact)
                    self._link(name, ContactClosed(contact))
            case WeatherTurns(peer, band, down, rain_mdb, cloud_mdb):
                self._record(records.WeatherOutage(self.now, name, peer, band, down, rain_mdb, cloud_mdb))
            case LightTurns(phase):
                self._record(records.LightChanged(self.now, name, phase))
            case AnomalyTurns(inside):
                self._record(records.AnomalyCrossed(self.now, name, inside))
            case UpsetStrikes():
                self._record(records.Upset(self.now, name, *astuple(event)))
                self._struck(name, event)
            case FaultBegins(fault, text, ends):
                self._record(records.FaultInjected(self.now, name, fault, text, ends))
            case LinksShut(closure):
                for contact in self.closures.shut(closure, self.medium):
                    self._link(contact.sender, ContactClosed(contact))
            case LinksFree(closure):
                for opens in self.closures.free(closure, self.now):
                    self.medium.open(opens.contact, opens.until)
                    self._link(opens.contact.sender, ContactOpened(opens.contact))
            case NodeLost():
                self.lost.add(name)
                self.nodes.pop(name, None)
                self.world.power_down(name, self.now)
            case NodeFound():
                self.lost.discard(name)
                self._start(name, Instant(self.now + REBOOT_NS))
            case PlanTurns(plan):
                self._turn_plan(name, plan)
            case LawTurns(stations, forbidden):
                self._turn_law(stations, forbidden)
            case StringsFail(text, fraction_ppm):
                self._record(records.FaultInjected(self.now, name, "array-string-loss", text))
                self.world.lose_strings(name, fraction_ppm, self.now)
            case NodeRestarts(text):
                self._record(records.FaultInjected(self.now, name, "reboot", text))
                self.reboot(name, REBOOT_NS)

    def _turn_plan(self, name: str, plan: ContactPlan | None) -> None:
        """A node's plan is another one, or the mission's again; it stays so through its reboots."""
        if plan is None:
            self.plans.pop(name, None)
        else:
            self.plans[name] = plan
        if name in self.nodes:
            self._perform_all(name, self.nodes[name].replan(self.now, plan or self.nodes[name].config_plan))

    def _turn_law(self, stations: tuple[str, ...], forbidden: bool) -> None:
        for station in stations:
            if forbidden:
                self.laws[station] = "jurisdiction"
            else:
                self.laws.pop(station, None)
        for name in sorted(self.nodes):
            self._perform_all(name, self.nodes[name].forbid(self.now, self.laws))

    def _informed(self, name: str) -> Iterator[Effect]:
        """What a node that starts has to be told besides what it had saved."""
        if name in self.plans:
            yield from self.nodes[name].replan(self.now, self.plans[name])
        if self.laws:
            yield from self.nodes[name].forbid(self.now, self.laws)

    def _perform_all(self, name: str, steps: Iterable[Effect]) -> None:
        for effect in steps:
            self._perform(name, effect)

    def _link(self, name: str, event: ContactOpened | ContactClosed) -> None:
        if name in self.nodes:
            self._tell(name, event)

    def begin(self, name: str) -> None:
        """First start of a node, now."""
        self.saved.setdefault(name, {})
        self.boots.setdefault(name, 0)
        for slot in SLOTS:
            self.keys.provision(name, slot)
        if self.sealed:
            self.keys.provision("", NETWORK)  # nobody's: the mission's
        self._start(name, self.now)

    def reboot(self, name: str, gone_ns: int) -> None:
        """The node vanishes with all it had not saved, and starts again after `gone_ns`."""
        self.nodes.pop(name, None)
        self._lying.pop(name, None)
        self.world.power_down(name, self.now)
        self._start(name, Instant(self.now + gone_ns))

    def _start(self, name: str, at: Instant) -> None:
        self.boots[name] += 1
        boot = self.boots[name]
        self.push(at, name, Started({}, b"", boot))  # what it had saved, and its secrets, are added when it is due


def _limits(effect: Run) -> Limits:
    return Limits(effect.fuel_limit, effect.memory_limit_bytes, effect.output_limit_bytes, effect.operations_limit)


def model(effect: Run) -> Outcome:
    """A modelled job: its cost, and zeros for an output."""
    size = effect.modelled_output_bytes
    usage = Usage(effect.modelled_operations, 0, 0, len(effect.data), size, effect.modelled_integer)
    return Outcome(bytes(size), usage, runtime="modelled")
