"""The job desk: what a satellite does with a job from the moment it arrives until its result is a bundle.

    arrives → admitted, planned, accepted (saved) → waits → runs → receipt → result bundle → forgotten
                    └ refused, with its Why              └ stopped by heat or reserve: waits again

One accelerator, one run at a time. The plan says when, from forecasts; the Governor says whether, from readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orbitalcloud.compute import (
    Artefact,
    Job,
    ReceiptBody,
    Request,
    Result,
    Usage,
    decode_request,
    encode_request,
    encode_result,
    estimate,
    public_key,
    sign_receipt,
    verification_of,
)
from orbitalcloud.compute.guards import check_guards, guard_work, total
from orbitalcloud.core import (
    MINUTE,
    SECOND,
    DataError,
    Instant,
    RemoteProtocolError,
    Why,
    canonical_json,
    digest_of,
    iso,
    records,
)
from orbitalcloud.core.effects import Draw, Effect, Record, Run, Save, Stop, Wake
from orbitalcloud.core.events import Finished, Readings
from orbitalcloud.network import BundleAgent, endpoint, route
from orbitalcloud.node.config import SatelliteConfig
from orbitalcloud.node.governor import Governor
from orbitalcloud.planning import Forecast, Load, Placement, plan
from orbitalcloud.planning import Request as Ask

TIMER = "jobs/consider"
JOB_KEY = "job/"
ARTEFACT_KEY = "artefact/"
PAYLOAD = "payload"
WORTH_TELLING_NS = 10 * MINUTE
"""A job that waits for the same reason is told anew only if its expected start moves by more than this."""

KINDS = ("onnx", "wasm", "modelled")
"""What a satellite takes; which artefact fits in its memory is said when it is asked."""
HOURS_OFFERED = 6

EXPECTED_RESULT_BYTES = 32_768
"""What a promise assumes of a result whose size is not known yet: a compressed mask with its receipt."""


@dataclass(slots=True)
class Waiting:
    """A job in the desk, with the last reason it was given for waiting."""

    request: Request
    ask: Ask
    arrived: Instant
    attempts: int = 0
    told_rule: str = ""
    told_until: int = 0

    @property
    def job(self) -> Job:
        return self.request.job


@dataclass(frozen=True, slots=True)
class Running:
    """The run on the accelerator."""

    run: str
    job: str
    started: Instant
    ends: Instant
    power_mw: int
    throttled: bool


@dataclass(slots=True)
class JobDesk:
    """All state is saved under `job/…` and `artefact/…`; a reboot finds every accepted job again."""

    config: SatelliteConfig
    agent: BundleAgent
    artefacts: dict[str, Artefact]
    governor: Governor
    private: bytes = field(default=b"", repr=False)
    readings: Readings | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)
    running: Running | None = None
    cooling: bool = False
    safe_mode: Why | None = None
    """Why nothing runs at all, while the satellite is in safe mode."""

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Without the key, which the node gives back."""
        return None, {name: getattr(self, name) for name in self.__slots__} | {"private": b""}

    # Coming in -------------------------------------------------------------------------------------------------------

    def restore(self, now: Instant, saved: Mapping[str, bytes], private: bytes) -> Iterator[Effect]:
        """After a start: idle accelerator, and every accepted job waits again."""
        self.private = private
        yield Draw(PAYLOAD, round(self.config.accelerator.idle_w * 1000))
        for key in sorted(saved):
            try:
                if key.startswith(ARTEFACT_KEY):
                    self._shelve(saved[key])
                elif key.startswith(JOB_KEY):
                    request = decode_request(saved[key])
                    self.waiting[request.job.id] = Waiting(request, self._ask(request), now)
            except (DataError, RemoteProtocolError) as error:
                yield self._damaged(now, key, len(saved[key]), error)
                yield Save(key, None)
        if self.waiting:
            yield Wake(now, TIMER)

    def take(self, now: Instant, request: Request) -> Iterator[Effect]:
        """A job request arrived (by bundle, or raised on board): admit, plan, accept or refuse."""
        job = request.job
        if job.id in self.waiting:
            return
        _require_reply_to(job, self.config.name)
        why = self._admit(now, request)
        if why.ok and request.artefact is not None and job.artefact not in self.artefacts:
            try:
                self._shelve(request.artefact)
            except DataError as error:
                why = Why(False, "artefact", str(error)[:300])
            else:
                yield Save(ARTEFACT_KEY + job.artefact, request.artefact)
        if not why.ok:
            yield from self._decline(now, job, why)
            return
        light = Request(job, request.input)  # the artefact is shelved: the job is kept without it
        self.waiting[job.id] = Waiting(light, self._ask(request), now)
        placement = next(item for item in self._plan(now) if item.job == job.id)
        if placement.finish is None and placement.why.rule == "deadline":
            yield from self._forget(now, self.waiting[job.id], placement.why)
            return
        yield Save(JOB_KEY + job.id, encode_request(light))
        promised = job.due() if placement.finish is None else self._promise(job, placement.finish)
        accepted = records.JobAccepted(at=now, node=self.config.name, job=job.id, promised=promised, why=placement.why)
        yield Record(accepted)
        yield from self.consider(now)

    def _admit(self, now: Instant, request: Request) -> Why:
        job = request.job
        if job.executed and request.artefact is None and job.artefact not in self.artefacts:
            return Why(False, "artefact", f"{job.artefact[:23]}… is not on board: send it with the job")
        try:
            check_guards(job.guards, self._known(request))
        except DataError as error:
            return Why(False, "guard", f"{error.value}: {error.remedy}"[:300])
        return self.governor.admit(job.due(), len(request.input), len(self.waiting), now)

    def _known(self, request: Request) -> Artefact | None:
        """The job's artefact: on board, or come with it; None if there is none, or it is none."""
        if request.artefact is None or request.job.artefact in self.artefacts:
            return self.artefacts.get(request.job.artefact)
        try:
            return Artefact.of(request.artefact)
        except DataError:
            return None  # refused where it is shelved, with the reason

    def _ask(self, request: Request) -> Ask:
        job, machine = request.job, self.config.accelerator
        if job.executed and job.artefact in self.artefacts:
            artefact = self.artefacts[job.artefact]
            usage = estimate(artefact, request.input, job.limits.as_limits())
            work = guard_work(artefact, request.input, usage, job.guards)
        else:
            work = (Usage(operations=job.modelled_operations, integer=job.modelled_integer),)
        extra_mw = round((machine.active_w - machine.idle_w) * 1000)
        return Ask(job.id, extra_mw, total(work, machine).duration_ns, job.due(), job.value)

    def _plan(self, now: Instant) -> tuple[Placement, ...]:
        """Where each waiting job would go, the first start first; what runs is counted as a load, not as a wish."""
        running = self.running
        asks = [entry.ask for name, entry in self.waiting.items() if running is None or name != running.job]
        load = None if running is None else Load(running.power_mw, running.started, max(running.ends, now))
        placed = plan(asks, self._forecast(now), load, self.config.planner)
        return tuple(sorted(placed, key=lambda item: (item.start is None, item.start or 0, item.job)))

    def _forecast(self, now: Instant) -> Forecast:
        assert self.readings is not None, "a satellite reads its sensors before it is asked anything"
        facts, limits = self.config.energy, self.governor.limits
        return Forecast(
            now=now,
            sunlight=facts.sunlight,
            array_mw=facts.array_mw,
            idle_mw=facts.idle_mw,
            battery_mj=facts.battery_mj,
            charge_mj=facts.battery_mj * self.readings.charge_ppm // 1_000_000,
            reserve_mj=facts.battery_mj * limits.reserve_ppm // 1_000_000,
        )

    def offer(self, now: Instant) -> tuple[str, tuple[str, ...], int, int, int, tuple[int, ...]]:
        """For a capacity notice: accelerator, kinds of work, jobs waiting, their seconds, charge, joules to spare.

        Energy to spare is sun above idle power, hour by hour, and in the first what lies in the battery above the
        reserve; what the queue takes is not taken off, as it stands beside it.
        """
        machine, waiting = self.config.accelerator.name, len(self.waiting)
        backlog_s = sum(entry.ask.duration_ns for entry in self.waiting.values()) // SECOND
        if self.readings is None or self.safe_mode is not None:
            return machine, (), waiting, backlog_s, 0 if self.readings is None else self.readings.charge_ppm, ()
        forecast = self._forecast(now)
        free = forecast.spare_mj(HOURS_OFFERED)
        return machine, KINDS, waiting, backlog_s, self.readings.charge_ppm, tuple(one // 1000 for one in free)

    def _promise(self, job: Job, finish: Instant) -> Instant:
        """When the result should be with its submitter: after the run, over the earliest contacts."""
        size = job.modelled_output_bytes or EXPECTED_RESULT_BYTES
        path = route(self.config.plan, self.config.name, job.reply_to, finish, size)
        return path.arrival if path is not None else job.due()

    def _shelve(self, data: bytes) -> None:
        artefact = Artefact.of(data)
        self.artefacts[artefact.digest] = artefact

    # Running ---------------------------------------------------------------------------------------------------------

    def sensed(self, now: Instant, readings: Readings) -> Iterator[Effect]:
        """New readings: stop a run that must not go on, or see whether one can start."""
        self.readings = readings
        limits = self.governor.limits
        self.cooling &= readings.temperatures_mk[limits.payload_node] >= limits.throttle_mk
        if self.running is None:
            if self.waiting:
                yield from self.consider(now)
            return
        why = self.safe_mode or self.governor.carry_on(readings)
        if not why.ok:
            running, self.running = self.running, None
            self.cooling = why.rule == "heat"
            yield Stop(running.run)
            yield self._idle()
            yield Record(records.JobStopped(at=now, node=self.config.name, job=running.job, why=why))

    def _idle(self) -> Draw:
        """The accelerator waits, or is off altogether in safe mode."""
        return Draw(PAYLOAD, 0 if self.safe_mode is not None else round(self.config.accelerator.idle_w * 1000))

    def power(self, safe_mode: Why | None) -> Iterator[Effect]:
        """Safe mode begins, for a reason, or ends; a run that goes on is stopped by the readings that said so."""
        self.safe_mode = safe_mode
        if self.running is None:
            yield self._idle()

    def consider(self, now: Instant) -> Iterator[Effect]:
        """Start the next planned job if its time has come and the Governor agrees; else say why it waits."""
        if self.running is not None or not self.waiting or self.readings is None:
            return
        if self.safe_mode is not None:
            yield from self._sleep(now, self.safe_mode)
            return
        ahead = ""
        for placement in self._plan(now):
            entry = self.waiting[placement.job]
            if placement.start is None:
                if placement.why.rule == "deadline":
                    yield from self._forget(now, entry, placement.why)
                else:
                    yield from self._defer(now, entry, now, placement.why)
            elif placement.start <= now and not ahead:
                yield from self._start(now, entry)
            elif not ahead:
                yield Wake(placement.start, TIMER)
                yield from self._defer(now, entry, placement.start, placement.why)
            else:
                text = f"{ahead} goes first; {placement.why.text}"
                yield from self._defer(now, entry, placement.start, Why(False, "queue", text, 1, 0, "job"))
            ahead = ahead or placement.job

    def _sleep(self, now: Instant, why: Why) -> Iterator[Effect]:
        """In safe mode every job waits; one whose deadline passes is refused, with its Why."""
        for entry in list(self.waiting.values()):
            due = entry.job.due()
            if due <= now:
                late_s = (now - due) // SECOND
                text = f"it was due {iso(due)}, while the satellite was in safe mode"
                yield from self._forget(now, entry, Why(False, "deadline", text, late_s, 0, "s"))
            else:
                yield from self._defer(now, entry, now, why)

    def _start(self, now: Instant, entry: Waiting) -> Iterator[Effect]:
        assert self.readings is not None, "nothing starts before the first readings"
        decision = self.governor.start(self.readings, self.cooling)
        if decision.pace == "wait":
            yield from self._defer(now, entry, now, decision.why)
            return
        job, machine = entry.job, self.config.accelerator
        throttled = decision.pace == "throttled"
        entry.attempts += 1
        power_w = machine.throttled_w if throttled else machine.active_w
        expected_ns = entry.ask.duration_ns
        if throttled:
            expected_ns = round(expected_ns / machine.throttled_ops_fraction)
        extra_mw, ends = round((power_w - machine.idle_w) * 1000), Instant(now + expected_ns)
        self.running = Running(f"{job.id}#{entry.attempts}", job.id, now, ends, extra_mw, throttled)
        yield Record(
            records.JobStarted(
                at=now,
                node=self.config.name,
                job=job.id,
                accelerator=machine.name,
                expected_ns=expected_ns,
                throttled=throttled,
                why=decision.why,
            )
        )
        yield Draw(PAYLOAD, round(power_w * 1000))
        yield Run(
            run=self.running.run,
            artefact=job.artefact,
            data=entry.request.input,
            throttled=throttled,
            fuel_limit=job.limits.fuel,
            memory_limit_bytes=job.limits.memory_bytes,
            output_limit_bytes=job.limits.output_bytes,
            operations_limit=job.limits.operations,
            modelled_operations=job.modelled_operations,
            modelled_integer=job.modelled_integer,
            modelled_output_bytes=job.modelled_output_bytes,
            guards=job.guards if job.executed else (),
        )

    def _defer(self, now: Instant, entry: Waiting, until: Instant, why: Why) -> Iterator[Effect]:
        """Say why a job waits, once for each reason: it is asked again with every reading and after every run."""
        same = why.rule == entry.told_rule and abs(until - entry.told_until) < WORTH_TELLING_NS
        if same or (why.rule == entry.told_rule and until <= now):
            return
        entry.told_rule, entry.told_until = why.rule, until
        yield Record(records.JobDeferred(at=now, node=self.config.name, job=entry.job.id, until=until, why=why))

    # Going out -------------------------------------------------------------------------------------------------------

    def finished(self, now: Instant, event: Finished) -> Iterator[Effect]:
        """The accelerator is done: sign, send, forget, and look for the next."""
        running = self.running
        if running is None or running.run != event.run:
            return  # it was stopped, or belongs to the time before a reboot
        self.running = None
        entry = self.waiting.pop(running.job)
        job = entry.job
        yield self._idle()
        for guard, text in event.trips:
            again = "restart" in job.guards
            yield Record(records.GuardTripped(now, self.config.name, job.id, guard, text[:200], again))
        if event.output is None:
            yield Record(records.JobFailed(at=now, node=self.config.name, job=job.id, failure=event.failure))
            name, _, text = event.failure.partition(": ")
            yield from self._answer(now, job, Result(job.id, self.config.name, None, b"", name[:64], text[:400]))
        else:
            yield from self._deliver(now, job, running, event, event.output)
        yield from self._clear(job)
        yield from self.consider(now)

    def _deliver(self, now: Instant, job: Job, running: Running, event: Finished, output: bytes) -> Iterator[Effect]:
        name = self.config.name
        digest = digest_of(output)
        yield Record(
            records.JobFinished(
                at=now,
                node=name,
                job=job.id,
                output=digest,
                output_bytes=len(output),
                operations=event.operations,
                fuel=event.fuel,
                duration_ns=event.duration_ns,
                energy_mj=event.energy_mj,
                executed=event.executed,
                throttled=running.throttled,
            )
        )
        receipt = None
        if event.executed:
            receipt = sign_receipt(self._receipt(now, job, running, event, output), self.private)
            text = canonical_json(receipt).decode()
            yield Record(records.ReceiptSigned(at=now, node=name, job=job.id, digest=receipt.digest, receipt=text))
        yield from self._answer(now, job, Result(job.id, name, receipt, output))

    def _receipt(self, now: Instant, job: Job, running: Running, event: Finished, output: bytes) -> ReceiptBody:
        assert self.readings is not None, "a run starts only after readings"
        return ReceiptBody(
            job=job.id,
            satellite=self.config.name,
            public_key=public_key(self.private),
            artefact=job.artefact,
            input=job.input,
            output=digest_of(output),
            output_bytes=len(output),
            accelerator=self.config.accelerator.name,
            runtime=event.runtime,
            verification=verification_of(self.artefacts[job.artefact]),
            operations=event.operations,
            fuel=event.fuel,
            memory_bytes=event.memory_bytes,
            duration_ns=event.duration_ns,
            energy_mj=event.energy_mj,
            throttled=running.throttled,
            started=iso(running.started, 6),
            finished=iso(now, 6),
            latitude_udeg=self.readings.latitude_udeg,
            longitude_udeg=self.readings.longitude_udeg,
        )

    def _answer(self, now: Instant, job: Job, result: Result) -> Iterator[Effect]:
        body, lifetime_ns = encode_result(result), self.config.result_lifetime_ns
        for step in self.agent.submit(now, job.reply_to, "results", body, f"result of {job.id}", lifetime_ns, 1):
            assert isinstance(step, Effect), "take() saw to it that the submitter is another node"
            yield step

    def _forget(self, now: Instant, entry: Waiting, why: Why) -> Iterator[Effect]:
        del self.waiting[entry.job.id]
        yield from self._decline(now, entry.job, why)
        yield from self._clear(entry.job)

    def _clear(self, job: Job) -> Iterator[Effect]:
        """The job is over: forget it, and the artefact that came with it if no other job waits for that."""
        yield Save(JOB_KEY + job.id, None)
        came_up = job.artefact in self.artefacts and job.artefact not in self.config.artefacts
        if came_up and all(entry.job.artefact != job.artefact for entry in self.waiting.values()):
            del self.artefacts[job.artefact]
            yield Save(ARTEFACT_KEY + job.artefact, None)

    def _decline(self, now: Instant, job: Job, why: Why) -> Iterator[Effect]:
        yield self._refusal(now, job.id, why)
        refusal = Result(job.id, self.config.name, None, b"", why.rule[:64], why.text[:400], refused=True)
        yield from self._answer(now, job, refusal)

    def _damaged(self, now: Instant, key: str, size_bytes: int, error: Exception) -> Record:
        check = error.check if isinstance(error, RemoteProtocolError) else "artefact"
        detail = f"the saved {key[:60]} is damaged and was dropped: {error}"[:200]
        return Record(
            records.FrameRefused(
                at=now, node=self.config.name, peer="own store", size_bytes=size_bytes, check=check, detail=detail
            )
        )

    def _refusal(self, now: Instant, job: str, why: Why) -> Record:
        return Record(records.JobRefused(at=now, node=self.config.name, job=job, why=why))


def _require_reply_to(job: Job, own_name: str) -> None:
    """Refuse a job whose answer could not be sent: to this node itself, or to a name that no node can have."""
    try:
        endpoint(job.reply_to)
    except DataError as error:
        raise RemoteProtocolError("reply-to", str(error)[:200]) from None
    if job.reply_to == own_name:
        raise RemoteProtocolError("reply-to", f"job {job.id} asks {own_name} to answer itself")


def submission(now: Instant, node: str, target: str, request: Request) -> Record:
    """The Log's entry for a job that enters the system at `node`."""
    job = request.job
    return Record(
        records.JobSubmitted(
            at=now,
            node=node,
            job=job.id,
            name=job.name,
            artefact=job.artefact,
            target=target,
            input_bytes=len(request.input),
            deadline=job.deadline,
            executed=job.executed,
        )
    )
