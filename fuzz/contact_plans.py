"""Contact plans from files (ION's text, HDTN's JSON) and the predictabilities that neighbours tell or a node saved."""

from __future__ import annotations

from pathlib import Path

from orbitalcloud.core import DataError, Instant, RemoteProtocolError
from orbitalcloud.network.plan_files import read_plan
from orbitalcloud.network.prophet import Prophet, read_vector

_DATA = Path(__file__).resolve().parent.parent / "tests" / "data" / "network"
_NAMES = b"a contact +0 +3600 1 alice 125000\na range 2026/11/24-00:00:00 2026/11/25-00:00:00 1 alice 3\n"


def corpus() -> dict[str, bytes]:
    """Files of A-SABR and HDTN, and a vector of ours."""
    one = Prophet("a")
    one.met(Instant(0), "genesis-1")
    one.met(Instant(0), "svalbard")
    names = ("contact_plan.ion", "contactPlan_RoutingTest.json", "cgrTutorial.json")
    saved = one.saved(Instant(0)) or b""
    return {"vector": one.vector(Instant(0)), "saved": saved, "names": _NAMES} | {
        name: (_DATA / name).read_bytes() for name in names
    }


def target(data: bytes) -> None:
    """What is read are contacts in order of time, and shares."""
    try:
        assert all(contact.opens < contact.closes for contact in read_plan(data.decode("latin-1"), Instant(0)))
    except DataError:
        pass
    later = Prophet("a")
    try:
        later.restore(Instant(1 << 62), data)
    except RemoteProtocolError:
        assert not later.predictability
    try:
        assert all(0.0 <= share <= 1.0 for share in read_vector(data).values())
    except RemoteProtocolError:
        pass
