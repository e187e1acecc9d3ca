"""Rows about trust in results: upsets that struck jobs, guards that saw them, and copies that were compared."""

from __future__ import annotations

from collections.abc import Iterator

from orbitalcloud.core.records import GuardTripped, JobVerified, UpsetStruckJob
from orbitalcloud.view.columns import Row, utc
from orbitalcloud.view.flight import Flight

FATES = ("caught", "harmless", "silent", "crashed", "late")


def strike_rows(flight: Flight) -> Iterator[Row]:
    """Every struck job."""
    for one in flight.trust:
        if isinstance(one, UpsetStruckJob):
            yield {
                "at_utc": utc(one.at),
                "node": one.node,
                "job": one.job,
                "device": one.device,
                "place": one.place,
                "bit": one.bit if one.bit >= 0 else None,
                "fate": one.fate,
                "guards": ", ".join(one.guards),
                "extra_j": one.extra_mj / 1000,
            }


def guard_rows(flight: Flight) -> Iterator[Row]:
    """For each set of guards that was chosen: strikes by fate, and which of its guards tripped."""
    strikes = [one for one in flight.trust if isinstance(one, UpsetStruckJob)]
    trips = [one for one in flight.trust if isinstance(one, GuardTripped)]
    for guards in dict.fromkeys(one.guards for one in strikes):
        some = [one for one in strikes if one.guards == guards]
        jobs = {(one.node, one.job) for one in some}
        seen = [one.guard for one in trips if (one.node, one.job) in jobs]
        yield {
            "guards": ", ".join(guards) or "none",
            "injected": len(some),
            **{fate: sum(one.fate == fate for one in some) for fate in FATES},
            "tripped": ", ".join(f"{name} {seen.count(name)}" for name in dict.fromkeys(seen)),
            "extra_j": sum(one.extra_mj for one in some) / 1000,
        }


def verdict_rows(flight: Flight) -> Iterator[Row]:
    """Every job that several ran."""
    for one in flight.trust:
        if isinstance(one, JobVerified):
            yield {
                "at_utc": utc(one.at),
                "job": one.job,
                "policy": one.policy,
                "agreed": one.why.ok,
                "right": ", ".join(one.right),
                "wrong": ", ".join(one.wrong),
                "energy_j": one.energy_mj / 1000,
                "why": str(one.why),
            }
