"""Fold a Log into a `Flight`: one small function per kind of entry, chosen by a table.

A Log that breaks off (an interrupted flight, a live one) folds as well; what it does not say stays empty and
`Header.complete` is False. Entries about things that were never introduced introduce them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from orbitalcloud.core import records as r
from orbitalcloud.core.errors import DataError
from orbitalcloud.view import fold_jobs, fold_network, fold_transactions
from orbitalcloud.view.flight import (
    BrownOutSpan,
    Bundle,
    Contact,
    Flight,
    Header,
    LightSpan,
    Satellite,
    Station,
)
from orbitalcloud.view.fold_state import Columns, State


def fold(entries: Iterable[r.Entry]) -> Flight:
    """The flight that `entries` tell of; `DataError` where they contradict themselves in shape."""
    state = State()
    steps = _STEPS
    for entry in entries:
        state.entries += 1
        state.last = entry.at if entry.at > state.last else state.last
        steps[type(entry)](state, entry)
    return _built(state)


# The flight and the World -------------------------------------------------------------------------------------------


def _flight_started(state: State, entry: r.FlightStarted) -> None:
    state.header = Header(
        mission=entry.mission,
        mission_digest=entry.mission_digest,
        seed=entry.seed,
        software=entry.software,
        start=entry.at,
        end=entry.ends,
        telemetry_s=entry.telemetry_s,
    )


def _flight_ended(state: State, entry: r.FlightEnded) -> None:
    state.header = replace(state.header, complete=True)


def _satellite_described(state: State, entry: r.SatelliteDescribed) -> None:
    width = len(entry.thermal_nodes)
    if len(entry.hot_limits_mk) != width or len(entry.cold_limits_mk) != width:
        raise DataError(entry.node, len(entry.hot_limits_mk), f"give one hot and one cold limit for {width} nodes")
    state.described[entry.node] = entry


def _station_described(state: State, entry: r.StationDescribed) -> None:
    state.stations[entry.node] = Station(
        entry.node,
        entry.latitude_udeg / 1e6,
        entry.longitude_udeg / 1e6,
        entry.mask_mdeg / 1e3,
        entry.jurisdiction,
    )


def _telemetry(state: State, entry: r.Telemetry) -> None:
    columns = state.columns.get(entry.node)
    if columns is None:
        known = state.described.get(entry.node)
        width = len(known.thermal_nodes) if known else len(entry.temperatures_mk)
        columns = state.columns[entry.node] = Columns(width)
    columns.append(entry)


def _light_changed(state: State, entry: r.LightChanged) -> None:
    state.light.setdefault(entry.node, []).append(entry)


def _brown_out(state: State, entry: r.BrownOut) -> None:
    state.brown_outs.setdefault(entry.node, []).append(entry)


def _anomaly_crossed(state: State, entry: r.AnomalyCrossed) -> None:
    state.crossings.setdefault(entry.node, []).append(entry)


def _upset(state: State, entry: r.Upset) -> None:
    state.upsets.setdefault(entry.node, []).append(entry)


def _contact_opened(state: State, entry: r.ContactOpened) -> None:
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


def _contact_closed(state: State, entry: r.ContactClosed) -> None:
    index = state.open_contacts.pop((entry.node, entry.peer), None)
    if index is None:  # the Log began in the middle of a contact
        return
    state.contacts[index] = replace(
        state.contacts[index], closed=entry.at, frames=entry.frames, sent_bytes=entry.sent_bytes
    )


# Ethereum -----------------------------------------------------------------------------------------------------------


def _wallet_wiped(state: State, entry: r.WalletWiped) -> None:
    state.wiped[entry.node] = entry.at


def _wallet_born(state: State, entry: r.WalletBorn) -> None:
    state.wallets[entry.node] = entry


def _work_step(state: State, entry: r.WorkStep) -> None:
    fold_transactions.require_wei(entry.job, entry.value_wei)
    state.work_steps.append(entry)


def _purse_step(state: State, entry: r.PurseStep) -> None:
    fold_transactions.require_wei(entry.purse, entry.value_wei)
    state.purse_steps.append(entry)


_STEPS: dict[type, Callable[[State, Any], None]] = {
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
    r.BundleCreated: fold_network.bundle_created,
    r.BundleSent: fold_network.bundle_sent,
    r.BundleReceived: fold_network.bundle_received,
    r.BundleDelivered: fold_network.bundle_delivered,
    r.BundleFragmented: fold_network.bundle_fragmented,
    r.BundleWaits: fold_network.bundle_waits,
    r.BundleDropped: fold_network.bundle_dropped,
    r.BundleRefused: fold_network.bundle_refused,
    r.BundleConfirmed: fold_network.bundle_confirmed,
    r.BundleRepeated: fold_network.bundle_repeated,
    r.BundleUnconfirmed: fold_network.bundle_unconfirmed,
    r.BundleDuplicate: fold_network.bundle_duplicate,
    r.BundleSwallowed: fold_network.bundle_swallowed,
    r.TrustChanged: fold_network.trust_changed,
    r.StatusReported: fold_network.status_reported,
    r.NoticePublished: lambda state, entry: state.notices.append(entry),
    r.NoticeTaken: lambda state, entry: state.notices.append(entry),
    r.NoticeRefused: lambda state, entry: state.notices.append(entry),
    r.KeyEnded: lambda state, entry: state.notices.append(entry),
    r.FrameLost: lambda state, entry: state.lost.append(entry),
    r.FrameRefused: lambda state, entry: state.refused_frames.append(entry),
    r.JobSubmitted: fold_jobs.job_submitted,
    r.JobAccepted: fold_jobs.job_accepted,
    r.JobRefused: fold_jobs.job_refused,
    r.UpsetStruckJob: lambda state, entry: state.trust.append(entry),
    r.GuardTripped: lambda state, entry: state.trust.append(entry),
    r.JobVerified: lambda state, entry: state.trust.append(entry),
    r.JobDeferred: fold_jobs.job_deferred,
    r.JobStarted: fold_jobs.job_started,
    r.JobStopped: fold_jobs.job_stopped,
    r.JobFinished: fold_jobs.job_finished,
    r.JobFailed: fold_jobs.job_failed,
    r.ReceiptSigned: fold_jobs.receipt_signed,
    r.ResultDelivered: fold_jobs.result_delivered,
    r.WalletBorn: _wallet_born,
    r.WalletWiped: _wallet_wiped,
    r.TransactionSigned: lambda state, entry: fold_transactions.signed(state.transactions, entry),
    r.TransactionRefused: lambda state, entry: fold_transactions.refused(state.transactions, entry),
    r.TransactionSettled: lambda state, entry: fold_transactions.settled(state.transactions, entry),
    r.TransactionDoubted: lambda state, entry: fold_transactions.doubted(state.transactions, entry),
    r.TransactionFinal: lambda state, entry: fold_transactions.final(state.transactions, entry),
    r.TransactionUndone: lambda state, entry: fold_transactions.undone(state.transactions, entry),
    r.WorkStep: _work_step,
    r.PurseStep: _purse_step,
    r.TransactionHanded: lambda state, entry: fold_transactions.handed(state.transactions, entry),
    r.TransactionReturned: lambda state, entry: fold_transactions.returned(state.transactions, entry),
    r.HeadAdvanced: lambda state, entry: state.heads.append(entry),
    r.UpdateRefused: lambda state, entry: state.refused_updates.append(entry),
}


# Building -----------------------------------------------------------------------------------------------------------


def _built(state: State) -> Flight:
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
        notices=tuple(state.notices),
        reliance=tuple(state.reliance),
        trust=tuple(state.trust),
        work_steps=tuple(state.work_steps),
        purse_steps=tuple(state.purse_steps),
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


def _satellite(state: State, name: str, end: int) -> Satellite:
    columns = state.columns.get(name)
    known = state.described.get(name)
    width = len(known.thermal_nodes) if known else (columns.width if columns else 0)
    series = (columns or Columns(width)).series()
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
