"""Fold a Log into a `Flight`: one small function per kind of entry, chosen by a table.

A Log that breaks off (an interrupted flight, a live one) folds as well; what it does not say stays empty and
`Header.complete` is False. Entries about things that were never introduced introduce them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from orbitalcloud.core import records as r
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND
from orbitalcloud.core.why import Why
from orbitalcloud.view import fold_transactions
from orbitalcloud.view.flight import (
    BrownOutSpan,
    Bundle,
    Contact,
    Flight,
    Header,
    Hop,
    Job,
    LightSpan,
    Receipt,
    Run,
    Said,
    Satellite,
    Series,
    Station,
    Transaction,
)


def fold(entries: Iterable[r.Entry]) -> Flight:
    """The flight that `entries` tell of; `DataError` where they contradict themselves in shape."""
    state = _State()
    steps = _STEPS
    for entry in entries:
        state.entries += 1
        state.last = entry.at if entry.at > state.last else state.last
        steps[type(entry)](state, entry)
    return _built(state)


class _Columns:
    """Growing telemetry of one satellite: flat integer arrays, turned into numpy at the end."""

    __slots__ = ("flat", "temperatures", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self.flat = array("q")
        self.temperatures = array("q")

    def append(self, entry: r.Telemetry) -> None:
        if len(entry.temperatures_mk) != self.width:
            raise DataError(entry.node, len(entry.temperatures_mk), f"every reading has {self.width} temperatures")
        self.flat.extend(
            (
                entry.at,
                entry.charge_ppm,
                entry.generated_mw,
                entry.load_mw,
                entry.sunlit_ppm,
                entry.latitude_udeg,
                entry.longitude_udeg,
                entry.height_m,
                entry.dose_urad,
            )
        )
        self.temperatures.extend(entry.temperatures_mk)

    def series(self) -> Series:
        flat = np.array(self.flat, dtype=np.int64).reshape(-1, 9)
        heat = np.array(self.temperatures, dtype=np.int64).reshape(len(flat), self.width)
        real = flat.astype(np.float64)  # divided below, not multiplied: a reading at its limit stays equal to it
        return Series(
            at_ns=flat[:, 0].copy(),
            charge=real[:, 1] / 1e6,
            generated_w=real[:, 2] / 1e3,
            load_w=real[:, 3] / 1e3,
            sunlit=real[:, 4] / 1e6,
            temperature_k=heat.astype(np.float64) / 1e3,
            latitude_deg=real[:, 5] / 1e6,
            longitude_deg=real[:, 6] / 1e6,
            height_m=real[:, 7].copy(),
            dose_rad=np.where(flat[:, 8] < 0, -1.0, real[:, 8] / 1e6),
        )


@dataclass(slots=True)
class _State:
    """What the fold knows so far."""

    header: Header = field(default_factory=Header)
    entries: int = 0
    last: int = 0
    described: dict[str, r.SatelliteDescribed] = field(default_factory=dict)
    columns: dict[str, _Columns] = field(default_factory=dict)
    light: dict[str, list[r.LightChanged]] = field(default_factory=dict)
    brown_outs: dict[str, list[r.BrownOut]] = field(default_factory=dict)
    safe_modes: dict[str, list[r.SafeMode]] = field(default_factory=dict)
    sheds: dict[str, list[r.LoadsShed]] = field(default_factory=dict)
    accounts: dict[str, r.EnergyAccount] = field(default_factory=dict)
    crossings: dict[str, list[r.AnomalyCrossed]] = field(default_factory=dict)
    upsets: dict[str, list[r.Upset]] = field(default_factory=dict)
    wallets: dict[str, r.WalletBorn] = field(default_factory=dict)
    wiped: dict[str, int] = field(default_factory=dict)
    stations: dict[str, Station] = field(default_factory=dict)
    contacts: list[Contact] = field(default_factory=list)
    weather: list[r.WeatherOutage] = field(default_factory=list)
    open_contacts: dict[tuple[str, str], int] = field(default_factory=dict)
    bundles: dict[str, Bundle] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    heads: list[r.HeadAdvanced] = field(default_factory=list)
    refused_updates: list[r.UpdateRefused] = field(default_factory=list)
    faults: list[r.FaultInjected] = field(default_factory=list)
    lost: list[r.FrameLost] = field(default_factory=list)
    refused_frames: list[r.FrameRefused] = field(default_factory=list)
    starts: list[r.NodeStarted] = field(default_factory=list)


# The flight and the World -------------------------------------------------------------------------------------------


def _flight_started(state: _State, entry: r.FlightStarted) -> None:
    state.header = Header(
        mission=entry.mission,
        mission_digest=entry.mission_digest,
        seed=entry.seed,
        software=entry.software,
        start=entry.at,
        end=entry.ends,
        telemetry_s=entry.telemetry_s,
    )


def _flight_ended(state: _State, entry: r.FlightEnded) -> None:
    state.header = replace(state.header, complete=True)


def _satellite_described(state: _State, entry: r.SatelliteDescribed) -> None:
    width = len(entry.thermal_nodes)
    if len(entry.hot_limits_mk) != width or len(entry.cold_limits_mk) != width:
        raise DataError(entry.node, len(entry.hot_limits_mk), f"give one hot and one cold limit for {width} nodes")
    state.described[entry.node] = entry


def _station_described(state: _State, entry: r.StationDescribed) -> None:
    state.stations[entry.node] = Station(
        entry.node,
        entry.latitude_udeg / 1e6,
        entry.longitude_udeg / 1e6,
        entry.mask_mdeg / 1e3,
        entry.jurisdiction,
    )


def _telemetry(state: _State, entry: r.Telemetry) -> None:
    columns = state.columns.get(entry.node)
    if columns is None:
        known = state.described.get(entry.node)
        width = len(known.thermal_nodes) if known else len(entry.temperatures_mk)
        columns = state.columns[entry.node] = _Columns(width)
    columns.append(entry)


def _light_changed(state: _State, entry: r.LightChanged) -> None:
    state.light.setdefault(entry.node, []).append(entry)


def _brown_out(state: _State, entry: r.BrownOut) -> None:
    state.brown_outs.setdefault(entry.node, []).append(entry)


def _anomaly_crossed(state: _State, entry: r.AnomalyCrossed) -> None:
    state.crossings.setdefault(entry.node, []).append(entry)


def _upset(state: _State, entry: r.Upset) -> None:
    state.upsets.setdefault(entry.node, []).append(entry)


def _contact_opened(state: _State, entry: r.ContactOpened) -> None:
    state.open_contacts[entry.node, entry.peer] = len(state.contacts)
    state.contacts.append(
        Contact(
            entry.node,
            entry.peer,
            entry.band,
            entry.rate_bps,
            entry.at,
            entry.until,
            entry.elevation_mdeg / 1e3,
            capacity_bytes=entry.capacity_bytes,
            doppler_hz=entry.doppler_hz,
            doppler_rate_hz_s=entry.doppler_rate_hz_s,
        )
    )


def _contact_closed(state: _State, entry: r.ContactClosed) -> None:
    index = state.open_contacts.pop((entry.node, entry.peer), None)
    if index is None:  # the Log began in the middle of a contact
        return
    state.contacts[index] = replace(
        state.contacts[index], closed=entry.at, frames=entry.frames, sent_bytes=entry.sent_bytes
    )


# The network --------------------------------------------------------------------------------------------------------


def _bundle(state: _State, name: str, /, **changes: Any) -> Bundle:
    bundle = replace(state.bundles.get(name) or Bundle(name), **changes)
    state.bundles[name] = bundle
    return bundle


def _hop(state: _State, name: str, hop: Hop, /, **changes: Any) -> None:
    known = state.bundles.get(name) or Bundle(name)
    state.bundles[name] = replace(known, hops=(*known.hops, hop), **changes)


def _bundle_created(state: _State, entry: r.BundleCreated) -> None:
    _hop(
        state,
        entry.bundle,
        Hop(entry.at, entry.node, "created", entry.destination, entry.size_bytes),
        source=entry.node,
        destination=entry.destination,
        purpose=entry.purpose,
        size_bytes=entry.size_bytes,
        created=entry.at,
    )


def _bundle_sent(state: _State, entry: r.BundleSent) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "sent", entry.peer, entry.size_bytes, entry.attempt))


def _bundle_received(state: _State, entry: r.BundleReceived) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "received", entry.peer, entry.size_bytes))


def _bundle_delivered(state: _State, entry: r.BundleDelivered) -> None:
    _hop(
        state,
        entry.bundle,
        Hop(entry.at, entry.node, "delivered", entry.source, entry.size_bytes),
        delivered=entry.at,
        delivered_to=entry.node,
        delay_s=entry.delay_ms / 1000,
    )


def _bundle_fragmented(state: _State, entry: r.BundleFragmented) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "cut", why=entry.why), fragments=entry.parts)
    whole = state.bundles[entry.bundle]
    for part in entry.parts:
        if part != entry.bundle:
            _bundle(
                state,
                part,
                parent=entry.bundle,
                source=whole.source,
                destination=whole.destination,
                purpose=whole.purpose,
                created=entry.at,
            )


def _bundle_waits(state: _State, entry: r.BundleWaits) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "waits", why=entry.why))


def _bundle_dropped(state: _State, entry: r.BundleDropped) -> None:
    _hop(
        state,
        entry.bundle,
        Hop(entry.at, entry.node, "dropped", why=entry.why),
        dropped=entry.at,
        dropped_why=entry.why,
    )


# Jobs ---------------------------------------------------------------------------------------------------------------


def _job(state: _State, name: str, /, **changes: Any) -> None:
    state.jobs[name] = replace(state.jobs.get(name) or Job(name), **changes)


def _known(state: _State, name: str) -> Job:
    return state.jobs.get(name) or Job(name)


def _job_submitted(state: _State, entry: r.JobSubmitted) -> None:
    _job(
        state,
        entry.job,
        name=entry.name,
        artefact=entry.artefact,
        source=entry.node,
        target=entry.target,
        input_bytes=entry.input_bytes,
        submitted=entry.at,
        deadline=entry.deadline,
        executed=entry.executed,
    )


def _job_accepted(state: _State, entry: r.JobAccepted) -> None:
    said = Said(entry.at, entry.node, entry.why, entry.promised)
    _job(state, entry.job, accepted=(*_known(state, entry.job).accepted, said))


def _job_refused(state: _State, entry: r.JobRefused) -> None:
    _job(state, entry.job, refused=(*_known(state, entry.job).refused, Said(entry.at, entry.node, entry.why)))


def _job_deferred(state: _State, entry: r.JobDeferred) -> None:
    said = Said(entry.at, entry.node, entry.why, entry.until)
    _job(state, entry.job, deferred=(*_known(state, entry.job).deferred, said))


def _job_started(state: _State, entry: r.JobStarted) -> None:
    expected_s = entry.expected_ns / SECOND
    run = Run(entry.node, entry.accelerator, entry.at, expected_s, entry.throttled, entry.why)
    _job(state, entry.job, runs=(*_known(state, entry.job).runs, run))


def _ended(job: Job, at: int, outcome: str, why: Why | None = None) -> tuple[Run, ...]:
    """The job's runs, the last one closed."""
    if not job.runs:
        return job.runs
    return (*job.runs[:-1], replace(job.runs[-1], end=at, outcome=outcome, stopped_why=why))


def _job_stopped(state: _State, entry: r.JobStopped) -> None:
    _job(state, entry.job, runs=_ended(_known(state, entry.job), entry.at, "stopped", entry.why))


def _job_finished(state: _State, entry: r.JobFinished) -> None:
    _job(
        state,
        entry.job,
        runs=_ended(_known(state, entry.job), entry.at, "finished"),
        finished=entry.at,
        executor=entry.node,
        output=entry.output,
        output_bytes=entry.output_bytes,
        operations=entry.operations,
        fuel=entry.fuel,
        duration_s=entry.duration_ns / SECOND,
        energy_j=entry.energy_mj / 1000,
        executed=entry.executed,
        throttled=entry.throttled,
    )


def _job_failed(state: _State, entry: r.JobFailed) -> None:
    runs = _ended(_known(state, entry.job), entry.at, "failed")
    _job(state, entry.job, runs=runs, failed=entry.at, failure=entry.failure)


def _receipt_signed(state: _State, entry: r.ReceiptSigned) -> None:
    state.receipts[entry.digest] = Receipt(entry.digest, entry.job, entry.node, entry.at, entry.receipt)
    if entry.job in state.jobs:
        _job(state, entry.job, receipt=entry.digest)


def _result_delivered(state: _State, entry: r.ResultDelivered) -> None:
    """The answer is down. People wait from the submission on; the entry's own delay is that of the last bundle."""
    submitted = _known(state, entry.job).submitted
    delay_s = (entry.at - submitted) / SECOND if submitted else entry.delay_ms / 1000
    executor = _known(state, entry.job).executor or entry.executor
    _job(state, entry.job, delivered=entry.at, delay_s=delay_s, delivered_why=entry.why, executor=executor)


# Ethereum -----------------------------------------------------------------------------------------------------------


def _wallet_wiped(state: _State, entry: r.WalletWiped) -> None:
    state.wiped[entry.node] = entry.at


def _wallet_born(state: _State, entry: r.WalletBorn) -> None:
    state.wallets[entry.node] = entry


_STEPS: dict[type, Callable[[_State, Any], None]] = {
    r.FlightStarted: _flight_started,
    r.FlightEnded: _flight_ended,
    r.SatelliteDescribed: _satellite_described,
    r.StationDescribed: _station_described,
    r.NodeStarted: lambda state, entry: state.starts.append(entry),
    r.FaultInjected: lambda state, entry: state.faults.append(entry),
    r.Telemetry: _telemetry,
    r.LightChanged: _light_changed,
    r.BrownOut: _brown_out,
    r.SafeMode: lambda state, entry: state.safe_modes.setdefault(entry.node, []).append(entry),
    r.LoadsShed: lambda state, entry: state.sheds.setdefault(entry.node, []).append(entry),
    r.EnergyAccount: lambda state, entry: state.accounts.update({entry.node: entry}),
    r.AnomalyCrossed: _anomaly_crossed,
    r.Upset: _upset,
    r.ContactOpened: _contact_opened,
    r.ContactClosed: _contact_closed,
    r.WeatherOutage: lambda state, entry: state.weather.append(entry),
    r.BundleCreated: _bundle_created,
    r.BundleSent: _bundle_sent,
    r.BundleReceived: _bundle_received,
    r.BundleDelivered: _bundle_delivered,
    r.BundleFragmented: _bundle_fragmented,
    r.BundleWaits: _bundle_waits,
    r.BundleDropped: _bundle_dropped,
    r.FrameLost: lambda state, entry: state.lost.append(entry),
    r.FrameRefused: lambda state, entry: state.refused_frames.append(entry),
    r.JobSubmitted: _job_submitted,
    r.JobAccepted: _job_accepted,
    r.JobRefused: _job_refused,
    r.JobDeferred: _job_deferred,
    r.JobStarted: _job_started,
    r.JobStopped: _job_stopped,
    r.JobFinished: _job_finished,
    r.JobFailed: _job_failed,
    r.ReceiptSigned: _receipt_signed,
    r.ResultDelivered: _result_delivered,
    r.WalletBorn: _wallet_born,
    r.WalletWiped: _wallet_wiped,
    r.TransactionSigned: lambda state, entry: fold_transactions.signed(state.transactions, entry),
    r.TransactionRefused: lambda state, entry: fold_transactions.refused(state.transactions, entry),
    r.TransactionSettled: lambda state, entry: fold_transactions.settled(state.transactions, entry),
    r.TransactionHanded: lambda state, entry: fold_transactions.handed(state.transactions, entry),
    r.TransactionReturned: lambda state, entry: fold_transactions.returned(state.transactions, entry),
    r.HeadAdvanced: lambda state, entry: state.heads.append(entry),
    r.UpdateRefused: lambda state, entry: state.refused_updates.append(entry),
}


# Building -----------------------------------------------------------------------------------------------------------


def _built(state: _State) -> Flight:
    header = replace(state.header, last=state.last, entries=state.entries)
    end = header.end if header.complete else header.last
    names = [*state.described, *(name for name in state.columns if name not in state.described)]
    return Flight(
        header=header,
        satellites={name: _satellite(state, name, end) for name in names},
        stations=state.stations,
        contacts=tuple(contact if contact.closed else _cut(contact, end) for contact in state.contacts),
        bundles={name: _with_whole(bundle, state.bundles) for name, bundle in state.bundles.items()},
        jobs=state.jobs,
        receipts=state.receipts,
        transactions=state.transactions,
        heads=tuple(state.heads),
        refused_updates=tuple(state.refused_updates),
        faults=tuple(state.faults),
        frames_lost=tuple(state.lost),
        frames_refused=tuple(state.refused_frames),
        node_starts=tuple(state.starts),
        weather_outages=tuple(state.weather),
    )


def _cut(contact: Contact, end: int) -> Contact:
    """A contact that outlasts the flight is shown until the flight's end (ground fibre never closes)."""
    return replace(contact, until=max(contact.opened, min(contact.until, end)))


def _with_whole(bundle: Bundle, bundles: dict[str, Bundle]) -> Bundle:
    """A fragment is delivered when the whole was: nobody announces its parts (or parts of parts) one by one."""
    whole = bundle
    seen = {bundle.name}
    while whole.parent and whole.parent not in seen:
        seen.add(whole.parent)
        whole = bundles[whole.parent]
    if whole.delivered and not bundle.delivered:
        return replace(bundle, delivered=whole.delivered, delivered_to=whole.delivered_to)
    return bundle


def _satellite(state: _State, name: str, end: int) -> Satellite:
    columns = state.columns.get(name)
    known = state.described.get(name)
    width = len(known.thermal_nodes) if known else (columns.width if columns else 0)
    series = (columns or _Columns(width)).series()
    wallet = state.wallets.get(name)
    light = _light_spans(state.light.get(name, []), end)
    spans = _brown_out_spans(state.brown_outs.get(name, []), end)
    starts = tuple(start for start in state.starts if start.node == name)
    anomaly, upsets = _anomaly_spans(state.crossings.get(name, []), end), tuple(state.upsets.get(name, ()))
    address, born = (wallet.address, wallet.at) if wallet else ("", 0)
    if known is None:
        nodes = tuple(f"node-{index}" for index in range(width))
        plain = (name, "", "", 0.0, 0.0, 0.0, 0.0, 0.0, nodes, (float("inf"),) * width, (0.0,) * width, -1, "")
        return Satellite(*plain, series, light, spans, starts, address, born, anomaly=anomaly, upsets=upsets)
    return Satellite(
        name=name,
        bus=known.bus,
        orbit=known.orbit,
        period_s=known.period_ms / 1000,
        inclination_deg=known.inclination_mdeg / 1000,
        battery_j=known.battery_mj / 1000,
        reserve=known.reserve_ppm / 1e6,
        array_w=known.array_mw / 1000,
        thermal_nodes=known.thermal_nodes,
        hot_limits_k=tuple(limit / 1000 for limit in known.hot_limits_mk),
        cold_limits_k=tuple(limit / 1000 for limit in known.cold_limits_mk),
        payload_node=known.payload_node,
        accelerator=known.accelerator,
        series=series,
        light=light,
        brown_outs=spans,
        safe_modes=tuple(state.safe_modes.get(name, ())),
        sheds=tuple(state.sheds.get(name, ())),
        energy=state.accounts.get(name),
        starts=starts,
        wallet=address,
        wallet_born=born,
        wallet_wiped=state.wiped.get(name, 0),
        shielding_mm=known.shielding_um / 1000,
        devices=known.devices,
        anomaly=anomaly,
        upsets=upsets,
    )


def _anomaly_spans(crossings: list[r.AnomalyCrossed], end: int) -> tuple[tuple[int, int], ...]:
    ends = [*(crossing.at for crossing in crossings[1:]), end][: len(crossings)]
    return tuple((one.at, stop) for one, stop in zip(crossings, ends, strict=True) if one.inside and stop > one.at)


def _light_spans(changes: list[r.LightChanged], end: int) -> tuple[LightSpan, ...]:
    ends = [*(change.at for change in changes[1:]), end][: len(changes)]
    return tuple(
        LightSpan(change.phase, change.at, stop) for change, stop in zip(changes, ends, strict=True) if stop > change.at
    )


def _brown_out_spans(entries: list[r.BrownOut], end: int) -> tuple[BrownOutSpan, ...]:
    spans: list[BrownOutSpan] = []
    down: r.BrownOut | None = None
    for entry in entries:
        if entry.down and down is None:
            down = entry
        elif not entry.down and down is not None:
            spans.append(BrownOutSpan(down.at, entry.at, max(entry.unserved_mj, down.unserved_mj) / 1000, True))
            down = None
    if down is not None:
        spans.append(BrownOutSpan(down.at, max(end, down.at), down.unserved_mj / 1000, False))
    return tuple(spans)
