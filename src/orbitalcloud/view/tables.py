"""One table definition that prints as text, as JSON and as CSV (`printing`): `table(flight, kind)`.

Rows are dicts of plain values (text, integers, floats, booleans, None) whose keys carry their unit; times are UTC ISO
8601 under `…_utc`. The text form is the same values said shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.records import PurseStep, Upset, WorkStep
from orbitalcloud.core.time import SECOND
from orbitalcloud.view import columns as c
from orbitalcloud.view import trust_rows
from orbitalcloud.view.columns import Column, Row, Table, utc
from orbitalcloud.view.flight import Bundle, Contact, Flight, Job, Satellite, Transaction
from orbitalcloud.view.network_story import RESILIENCE, TRAFFIC, resilience_rows, traffic_rows
from orbitalcloud.view.notices import notice_rows
from orbitalcloud.view.orbits import Revolution, all_revolutions, worst_of
from orbitalcloud.view.words import ether, scaled, short

if TYPE_CHECKING:
    pass

# Rows ---------------------------------------------------------------------------------------------------------------


def _satellite(satellite: Satellite) -> Row:
    series = satellite.series
    some = len(series) > 0
    margin = None
    if some and satellite.thermal_nodes:
        heat = series.temperature_k
        hot = min(limit - float(heat[:, i].max()) for i, limit in enumerate(satellite.hot_limits_k))
        cold = min(float(heat[:, i].min()) - limit for i, limit in enumerate(satellite.cold_limits_k))
        margin = round(min(hot, cold), 3) if min(hot, cold) != float("inf") else None
    payload = satellite.payload_node
    shown = some and 0 <= payload < series.temperature_k.shape[1]
    return {
        "name": satellite.name,
        "bus": satellite.bus,
        "orbit": satellite.orbit,
        "period_s": satellite.period_s,
        "inclination_deg": satellite.inclination_deg,
        "accelerator": satellite.accelerator,
        "battery_j": satellite.battery_j,
        "charge_last_share": _last(series.charge) if some else None,
        "charge_minimum_share": round(float(series.charge.min()), 6) if some else None,
        "reserve_share": round(satellite.reserve, 6),
        "sunlit_mean_share": round(float(series.sunlit.mean()), 6) if some else None,
        "generated_mean_w": round(float(series.generated_w.mean()), 3) if some else None,
        "load_mean_w": round(float(series.load_w.mean()), 3) if some else None,
        "payload_last_k": _last(series.temperature_k[:, payload]) if shown else None,
        "payload_maximum_k": round(float(series.temperature_k[:, payload].max()), 3) if shown else None,
        "heat_margin_k": margin,
        "boots": len(satellite.starts),
        "brown_outs": len(satellite.brown_outs),
        "wallet": satellite.wallet or None,
    }


def _last(values: Any) -> float:
    return round(float(values[-1]), 6)


def _contact(contact: Contact) -> Row:
    return {
        "node": contact.node,
        "peer": contact.peer,
        "band": contact.band,
        "opened_utc": utc(contact.opened),
        "closed_utc": utc(contact.end),
        "duration_s": round(contact.duration_s, 3),
        "elevation_deg": round(contact.elevation_deg, 3),
        "rate_bps": contact.rate_bps,
        "capacity_bytes": contact.capacity_bytes or None,
        "doppler_hz": contact.doppler_hz or None,
        "doppler_rate_hz_s": contact.doppler_rate_hz_s or None,
        "frames": contact.frames,
        "sent_bytes": contact.sent_bytes,
        "closed": bool(contact.closed),
    }


def _job(job: Job) -> Row:
    return {
        "job": job.job,
        "name": job.name,
        "state": job.state,
        "source": job.source,
        "target": job.target,
        "executor": job.executor or None,
        "submitted_utc": utc(job.submitted),
        "promised_utc": utc(job.promised),
        "deadline_utc": utc(job.deadline),
        "finished_utc": utc(job.finished),
        "delivered_utc": utc(job.delivered) if job.answered else None,
        "delay_s": round(job.delay_s, 3) if job.answered else None,
        "duration_s": round(job.duration_s, 6) if job.finished else None,
        "energy_j": round(job.energy_j, 3) if job.finished else None,
        "input_bytes": job.input_bytes,
        "output_bytes": job.output_bytes if job.finished else None,
        "executed": job.executed,
        "throttled": job.throttled,
        "runs": len(job.runs),
        "artefact": job.artefact,
        "output": job.output or None,
        "receipt": job.receipt or None,
        "why": job.failure if job.state == "failed" else c.why(job.why),
    }


def _bundle(bundle: Bundle) -> Row:
    return {
        "bundle": bundle.name,
        "purpose": bundle.purpose,
        "state": bundle.state,
        "source": bundle.source,
        "destination": bundle.destination,
        "size_bytes": bundle.size_bytes,
        "created_utc": utc(bundle.created),
        "delivered_utc": utc(bundle.delivered),
        "delay_s": round(bundle.delay_s, 3) if bundle.delivered else None,
        "sent": sum(hop.what == "sent" for hop in bundle.hops),
        "waits": sum(hop.what == "waits" for hop in bundle.hops),
        "fragments": len(bundle.fragments),
        "parent": bundle.parent or None,
        "security": bundle.security or None,
        "refused": sum(hop.what == "refused" for hop in bundle.hops),
        "why": c.why(bundle.waits_why),
    }


def _transaction(transaction: Transaction) -> Row:
    return {
        "hash": transaction.hash,
        "state": transaction.state,
        "node": transaction.node,
        "sender": transaction.sender or None,
        "to": transaction.to or None,
        "value_wei": str(transaction.value_wei),
        "nonce": transaction.nonce,
        "chain_id": transaction.chain_id,
        "signed_utc": utc(transaction.signed),
        "settled_utc": utc(transaction.settled),
        "proved_utc": utc(transaction.proved if transaction.proved_slot >= 0 else 0),
        "proved_slot": transaction.proved_slot if transaction.proved_slot >= 0 else None,
        "block": transaction.block if transaction.settled else None,
        "gas_used": transaction.gas_used if transaction.settled else None,
        "chain": transaction.chain or None,
        "why": c.why(transaction.refused_why),
    }


_SLOTS = ("period", "finalized_slot", "optimistic_slot", "finalized_root", "participants", "size_bytes")
_HEAD = ("at_utc", "node", "network", "source", "outcome", *_SLOTS, "energy_j", "lag_s", "why")


def _head_rows(flight: Flight) -> list[Row]:
    rows: list[Row] = []
    for head in flight.heads:
        row = dict.fromkeys(_HEAD) | {name: getattr(head, name) for name in _HEAD if hasattr(head, name)}
        said = {"at_utc": utc(head.at), "outcome": "rotated" if head.rotated else "advanced", "why": None}
        rows.append(row | said | {"energy_j": head.energy_uj / 1e6})
    for update in flight.refused_updates:
        row = dict.fromkeys(_HEAD) | {name: getattr(update, name) for name in ("node", "network", "source")}
        rows.append(row | {"at_utc": utc(update.at), "outcome": "refused", "why": f"{update.check}: {update.detail}"})
    return sorted(rows, key=lambda row: str(row["at_utc"]))


def _settlement_rows(flight: Flight) -> list[Row]:
    said: list[tuple[WorkStep | PurseStep, str, str, str, int | None]] = []
    said += [(one, one.job or "stake", one.who, one.value_wei, one.block or None) for one in flight.work_steps]
    said += [(one, f"proposal {one.number}", one.to, one.value_wei, None) for one in flight.purse_steps]
    return [
        {
            "at_utc": utc(one.at),
            "node": one.node,
            "about": about,
            "step": one.step,
            "who": who or None,
            "value_wei": wei,
            "block": block,
            "proved_slot": _slot(one.proved_slot),
            "why": c.why(one.why),
        }
        for one, about, who, wei, block in sorted(said, key=lambda item: item[0].at)
    ]


def _slot(proved: int) -> int | None:
    return proved if proved >= 0 else None


def _fault_rows(flight: Flight) -> list[Row]:
    said: list[tuple[int, str, str, str]] = [(f.at, f.node, f.fault, f.text) for f in flight.faults]
    said += [(f.at, f.node, "frame lost", f"{f.size_bytes} bytes to {f.peer}: {f.reason}") for f in flight.frames_lost]
    said += [
        (f.at, f.node, "frame refused", f"{f.size_bytes} bytes from {f.peer}: {f.check}: {f.detail}")
        for f in flight.frames_refused
    ]
    said += [
        (
            start.at,
            start.node,
            "restart",
            f"boot {start.boot}, {start.saved_keys} keys ({start.saved_bytes} bytes) kept",
        )
        for start in flight.node_starts
        if start.boot > 1
    ]
    for satellite in flight.satellites.values():
        for span in satellite.brown_outs:
            seconds = (span.end - span.start) / SECOND
            text = f"{seconds:.0f} s without power, {span.unserved_j:.0f} J unserved"
            said.append((span.start, satellite.name, "brown-out", text))
    return [{"at_utc": utc(at), "node": node, "event": event, "text": text} for at, node, event, text in sorted(said)]


def _receipt_rows(flight: Flight) -> list[Row]:
    return [
        {
            "digest": receipt.digest,
            "job": receipt.job,
            "node": receipt.node,
            "signed_utc": utc(receipt.at),
            "energy_j": round(flight.jobs[receipt.job].energy_j, 3) if receipt.job in flight.jobs else None,
            "verified": bool(receipt.job in flight.jobs and flight.jobs[receipt.job].answered),
            "receipt": receipt.receipt,
        }
        for receipt in flight.receipts.values()
    ]


def _orbit_rows(flight: Flight) -> list[Row]:
    found = list(all_revolutions(flight))
    worst = worst_of(found)
    return [_orbit(one, [] if worst is None else [worst.charge, worst.heat]) for one in found]


def _orbit(one: Revolution, worst: list[Revolution]) -> Row:
    marks = [name for name, which in zip(("charge", "heat"), worst, strict=True) if which is one]
    return {
        "node": one.satellite,
        "orbit": one.number,
        "start_utc": utc(one.start),
        "end_utc": utc(one.end),
        "eclipse_s": round(one.eclipse_s, 3),
        "made_j": round(one.made_j, 1),
        "used_j": round(one.used_j, 1),
        "charge_minimum_share": round(one.lowest, 6),
        "discharge_share": round(1.0 - one.lowest, 6),
        "heat_node": one.node or None,
        "heat_side": one.side or None,
        "heat_k": round(one.value_k, 3) if one.node else None,
        "heat_limit_k": round(one.limit_k, 3) if one.node else None,
        "charge_margin_share": round(one.charge_margin, 6),
        "heat_margin_share": round(one.heat_margin, 6),
        "worst": " and ".join(marks) or None,
    }


def _station_rows(flight: Flight) -> list[Row]:
    rows: list[Row] = []
    for station in flight.stations.values():
        own = [one for one in flight.contacts if one.peer == station.name and one.node not in flight.stations]
        rows.append(
            {
                "name": station.name,
                "latitude_deg": round(station.latitude_deg, 6),
                "longitude_deg": round(station.longitude_deg, 6),
                "mask_deg": round(station.mask_deg, 3),
                "jurisdiction": station.jurisdiction,
                "contacts": len(own),
                "contact_s": round(sum(contact.duration_s for contact in own), 3),
                "received_bytes": sum(contact.sent_bytes for contact in own),
                "sent_bytes": sum(one.sent_bytes for one in flight.contacts if one.node == station.name),
            }
        )
    return rows


# Kinds --------------------------------------------------------------------------------------------------------------

_NODE, _STATE, _WHY = c.text("node", "node"), c.text("state", "state"), c.text("why", "why")


def _upset(entry: Upset) -> Row:
    return {
        "at_utc": utc(entry.at),
        "node": entry.node,
        "device": entry.device,
        "effect": entry.effect,
        "in_anomaly": entry.in_anomaly,
        "latitude_deg": entry.latitude_udeg / 1e6,
        "longitude_deg": entry.longitude_udeg / 1e6,
        "height_m": entry.height_m,
        "bit": entry.bit if entry.bit >= 0 else None,
    }


_KINDS: Mapping[str, tuple[tuple[Column, ...], Callable[[Flight], Iterable[Row]]]] = {
    "satellites": (
        (
            c.text("name", "satellite"),
            c.text("bus", "bus"),
            c.text("orbit", "orbit"),
            c.share("charge_last_share", "charge"),
            c.share("charge_minimum_share", "lowest"),
            c.share("reserve_share", "reserve"),
            c.share("sunlit_mean_share", "sunlit"),
            c.number("generated_mean_w", "array", ".1f", "W"),
            c.number("load_mean_w", "load", ".1f", "W"),
            c.kelvin("payload_last_k", "payload"),
            c.number("heat_margin_k", "heat margin", ".1f", "K"),
            c.number("boots", "boots"),
            c.number("brown_outs", "brown-outs"),
        ),
        lambda flight: map(_satellite, flight.satellites.values()),
    ),
    "orbits": (
        (
            _NODE,
            c.number("orbit", "orbit", "d"),
            c.time("start_utc", "from (UTC)"),
            c.lasting("eclipse_s", "eclipse"),
            Column("made_j", "made", lambda value: f"{value / 3600:.1f} Wh", right=True),
            Column("used_j", "used", lambda value: f"{value / 3600:.1f} Wh", right=True),
            c.share("charge_minimum_share", "lowest"),
            c.share("discharge_share", "discharge"),
            c.text("heat_node", "nearest limit"),
            c.text("heat_side", "side"),
            c.kelvin("heat_k", "at"),
            c.share("charge_margin_share", "charge margin"),
            c.share("heat_margin_share", "heat margin"),
            c.text("worst", "worst for"),
        ),
        _orbit_rows,
    ),
    "stations": (
        (
            c.text("name", "station"),
            c.number("latitude_deg", "latitude", ".2f", "°"),
            c.number("longitude_deg", "longitude", ".2f", "°"),
            c.number("mask_deg", "mask", ".0f", "°"),
            c.text("jurisdiction", "law"),
            c.number("contacts", "contacts"),
            c.lasting("contact_s", "contact time"),
            c.bytes("received_bytes", "received"),
            c.bytes("sent_bytes", "sent"),
        ),
        _station_rows,
    ),
    "contacts": (
        (
            c.time("opened_utc", "opens (UTC)"),
            c.lasting("duration_s", "lasts"),
            _NODE,
            c.text("peer", "to"),
            c.text("band", "band"),
            c.number("elevation_deg", "highest", ".1f", "°"),
            Column("rate_bps", "rate", lambda value: scaled(value, "bit/s"), right=True),
            c.number("frames", "frames"),
            c.bytes("sent_bytes", "sent"),
        ),
        lambda flight: map(_contact, sorted(flight.contacts, key=lambda contact: contact.opened)),
    ),
    "jobs": (
        (
            Column("job", "job", short),
            c.text("name", "name"),
            _STATE,
            c.text("executor", "by"),
            c.time("submitted_utc", "submitted"),
            c.time("promised_utc", "promised"),
            c.time("delivered_utc", "delivered"),
            Column("energy_j", "energy", lambda value: scaled(value, "J"), right=True),
            c.text("executed", "executed"),
            _WHY,
        ),
        lambda flight: map(_job, flight.jobs.values()),
    ),
    "bundles": (
        (
            Column("bundle", "bundle", short),
            c.text("purpose", "for"),
            _STATE,
            c.text("source", "from"),
            c.text("destination", "to"),
            c.bytes("size_bytes", "size"),
            c.time("created_utc", "created"),
            c.time("delivered_utc", "delivered"),
            c.lasting("delay_s", "took"),
            c.number("sent", "sent"),
            c.text("security", "security", wide=True),
            _WHY,
        ),
        lambda flight: map(_bundle, flight.bundles.values()),
    ),
    "receipts": (
        (
            c.digest("digest", "receipt"),
            Column("job", "job", short),
            c.text("node", "signed by"),
            c.time("signed_utc", "signed"),
            Column("energy_j", "energy", lambda value: scaled(value, "J"), right=True),
            c.text("verified", "verified"),
            c.text("receipt", "text", wide=True),
        ),
        _receipt_rows,
    ),
    "notices": (
        (
            _NODE,
            c.number("published", "notices", "d"),
            c.bytes("signed_bytes", "signed"),
            c.number("known_by", "known by", "d"),
            c.lasting("known_by_all_s", "all of them within"),
            c.text("capacity", "last capacity"),
            c.text("contacts", "contacts"),
            c.number("refused", "refused", "d"),
            c.text("ended", "key ended"),
        ),
        notice_rows,
    ),
    "messages": (TRAFFIC, traffic_rows),
    "resilience": (RESILIENCE, resilience_rows),
    "transactions": (
        (
            c.digest("hash", "transaction"),
            _STATE,
            _NODE,
            c.digest("to", "to"),
            Column("value_wei", "value", lambda value: ether(int(value)), right=True),
            c.number("nonce", "nonce", "d"),
            c.time("signed_utc", "signed"),
            c.time("settled_utc", "settled"),
            c.time("proved_utc", "proved aboard"),
            c.number("proved_slot", "under slot", "d"),
            c.number("gas_used", "gas"),
            c.text("chain", "chain"),
            _WHY,
        ),
        lambda flight: map(_transaction, flight.transactions.values()),
    ),
    "heads": (
        (
            c.time("at_utc", "at (UTC)"),
            _NODE,
            c.text("network", "chain"),
            c.text("source", "from"),
            c.text("outcome", "outcome"),
            c.number("period", "period", "d"),
            c.number("finalized_slot", "finalized", "d"),
            c.number("optimistic_slot", "optimistic", "d"),
            c.number("participants", "signers", "d"),
            Column("size_bytes", "size", lambda value: scaled(value, "B"), right=True),
            Column("energy_j", "energy", lambda value: scaled(value, "J"), right=True),
            c.lasting("lag_s", "lag"),
            _WHY,
        ),
        _head_rows,
    ),
    "settlement": (
        (
            c.time("at_utc", "at (UTC)"),
            _NODE,
            c.text("about", "about"),
            c.text("step", "step"),
            c.digest("who", "whose"),
            Column("value_wei", "value", lambda value: ether(int(value)) if int(value) else "", right=True),
            c.number("block", "block", "d"),
            c.number("proved_slot", "under slot", "d"),
            _WHY,
        ),
        _settlement_rows,
    ),
    "faults": (
        (c.time("at_utc", "at (UTC)"), _NODE, c.text("event", "event"), c.text("text", "what happened")),
        _fault_rows,
    ),
    "strikes": (
        (
            c.time("at_utc", "at"),
            c.text("node", "satellite"),
            Column("job", "job", short),
            c.text("device", "device"),
            c.text("place", "struck"),
            c.number("bit", "bit", "d"),
            c.text("fate", "became"),
            c.text("guards", "guards"),
            c.number("extra_j", "more energy", ",.3g", "J"),
        ),
        trust_rows.strike_rows,
    ),
    "guards": (
        (
            c.text("guards", "guards"),
            c.number("injected", "injected", "d"),
            *(c.number(fate, fate, "d") for fate in trust_rows.FATES),
            c.text("tripped", "tripped"),
            c.number("extra_j", "more energy", ",.3g", "J"),
        ),
        trust_rows.guard_rows,
    ),
    "verdicts": (
        (
            c.time("at_utc", "at"),
            Column("job", "job", short),
            c.text("policy", "policy"),
            c.text("agreed", "agreed"),
            c.text("right", "right"),
            c.text("wrong", "wrong"),
            Column("energy_j", "energy", lambda value: scaled(value, "J"), right=True),
            _WHY,
        ),
        trust_rows.verdict_rows,
    ),
    "upsets": (
        (
            c.time("at_utc", "at"),
            c.text("node", "satellite"),
            c.text("device", "device"),
            c.text("effect", "effect"),
            c.text("in_anomaly", "in the Anomaly"),
            c.number("latitude_deg", "latitude", ".1f", "°"),
            c.number("longitude_deg", "longitude", ".1f", "°"),
            c.number("height_m", "height", ",.0f", "m"),
            c.number("bit", "bit", "d"),
        ),
        lambda flight: (
            _upset(entry)
            for entry in sorted(
                (upset for one in flight.satellites.values() for upset in one.upsets), key=lambda upset: upset.at
            )
        ),
    ),
}

KINDS = tuple(_KINDS)
"""Every kind of table, in the order in which they are told."""


def table(flight: Flight, kind: str) -> Table:
    """The table of `kind`, one of `KINDS`; `DataError` names them when it is another."""
    if kind not in _KINDS:
        raise DataError("kind", kind, f"say one of: {', '.join(KINDS)}")
    columns, rows = _KINDS[kind]
    return Table(kind, columns, tuple(rows(flight)))
