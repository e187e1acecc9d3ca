"""Status reports of one node: whether one is due, how many may go, the bundle that carries it, and one that came.

RFC 9171 5 and 6.

A report is sent where the bundle asked for it and names somebody to report to, never about an administrative record,
never about a bundle from nobody, and only out of the `Allowance`. The agent asks only after a bundle's security was
judged good, so that a forged bundle makes nobody send anything.
"""

from __future__ import annotations

from orbitalcloud.core import records
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, Instant
from orbitalcloud.network.admin import ASK, Allowance, decode_record, encode_report, report_on
from orbitalcloud.network.bundle import IS_ADMINISTRATIVE, Bundle
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.making import make_bundle

ASKS = ASK[0] | ASK[1] | ASK[2] | ASK[3]
PRIORITY_OF_REPORTS = 0


class Reporter:
    """Makes the reports of the node whose administrative endpoint is `own`."""

    __slots__ = ("allowance", "limits", "own")

    def __init__(self, own: Eid, limits: AgentLimits) -> None:
        self.own, self.limits = own, limits
        self.allowance = Allowance(limits.status_reports, limits.status_every_ns)

    def due(self, now: Instant, bundle: Bundle, status: int) -> bool:
        """Whether a report that `status` holds is to be sent; takes one out of the allowance if so."""
        if not bundle.flags & ASK[status] or bundle.flags & IS_ADMINISTRATIVE:
            return False
        return not (bundle.report_to.is_null or bundle.source.is_null) and self.allowance.take(now)

    def bundle(self, now: Instant, subject: Bundle, status: int, reason: int, sequence: int) -> Bundle:
        """The report, as the bundle that carries it."""
        body = encode_report(report_on(subject, status, reason, now))
        lifetime_ms = self.limits.status_lifetime_ns // MILLISECOND
        hops, priority = self.limits.hops, PRIORITY_OF_REPORTS
        to, own = subject.report_to, self.own
        return make_bundle(to, own, now, sequence, lifetime_ms, body, priority, hops, IS_ADMINISTRATIVE)


def reported(now: Instant, node: str, bundle: Bundle) -> records.StatusReported:
    """The record of a status report that came to `node`; `RemoteProtocolError` where the bundle carries none."""
    if bundle.destination.service not in ("", "0"):
        raise RemoteProtocolError("administrative-endpoint", f"{bundle.destination} is an application's")
    report = decode_record(bundle.payload)
    return records.StatusReported(
        at=now,
        node=node,
        bundle=report.subject,
        reporter=bundle.source.text,
        status=report.words,
        reason=report.reason,
        text=report.reason_text,
        time_ms=report.time_ms,
    )
