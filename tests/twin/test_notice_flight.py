"""Notices, flown: nodes hear of each other with the keys of the seed, and an announced outage is planned around."""

from __future__ import annotations

from pathlib import Path

from orbitalcloud.core import Instant, records
from orbitalcloud.core.records import Entry
from orbitalcloud.network.notices import Capacity
from orbitalcloud.twin import Flight, Folder
from orbitalcloud.view.fold import fold
from orbitalcloud.view.notices import notice_bytes_a_day
from orbitalcloud.view.tables import table
from small_missions import SMALL, load_text

OUTAGE = """
[[fault]]
kind = "station-outage"
at_h = 5
target = "svalbard"
duration_min = 120
announced_min = 200
"""


def fly(text: str, folder: Path) -> tuple[list[Entry], Flight]:
    place = Folder.create(folder)
    with Flight.begin(load_text(text), place, 7) as flight:
        while flight.due() is not None:
            flight.step()
        flight.finish()
    return list(place.entries()), flight


def test_everybody_hears_of_everybody_and_what_is_off_is_not_planned(tmp_path: Path) -> None:
    entries, flight = fly(SMALL + OUTAGE, tmp_path / "f")
    nodes = flight.carrier.nodes
    born = {entry.node: entry.public_key for entry in entries if isinstance(entry, records.NodeStarted)}
    for name, node in nodes.items():
        assert node.notices is not None
        known = {signed.notice.key.hex() for signed in node.notices.board.held()}
        assert known == set(born.values()), f"{name} knows the keys that the Log says were born, and no other"
    heard = [entry for entry in entries if isinstance(entry, records.NoticeTaken) and "off for 120 min" in entry.text]
    assert {entry.subject for entry in heard} == {"svalbard"}
    assert "sat" in {entry.node for entry in heard}
    begins = int(flight.carrier.world.starts) + 5 * 3600 * 10**9
    plan = nodes["sat"].agent._sender.routes.plan
    base = nodes["sat"].config.plan

    def through(one: object) -> int:
        both = (*one.between("sat", "svalbard"), *one.between("svalbard", "sat"))  # type: ignore[attr-defined]
        return sum(contact.opens < begins + 7200 * 10**9 and contact.closes > begins for contact in both)

    assert through(base) > 0
    assert through(plan) == 0


def test_a_capacity_notice_is_made_of_the_nodes_own_state(tmp_path: Path) -> None:
    entries, flight = fly(SMALL, tmp_path / "f")
    station = flight.carrier.nodes["svalbard"]
    assert station.notices is not None
    now = Instant(flight.carrier.now)
    found = [one for one in station.notices.board.capacities(now) if one.name == "sat"]
    assert len(found) == 1
    notice: Capacity = found[0]
    config = flight.carrier.nodes["sat"].config
    told = [e for e in entries if isinstance(e, records.Telemetry) and e.at <= notice.issued_s * 10**9 + 10**9]
    assert notice.accelerator == config.accelerator.name
    assert notice.charge_ppm == told[-1].charge_ppm
    assert len(notice.free_j) == 6
    most_j = config.energy.array_mw * 3600 // 1000 + config.energy.battery_mj // 1000
    assert 0 < max(notice.free_j) <= most_j
    shown = fold(entries)
    assert {row["node"] for row in table(shown, "notices").rows} == set(flight.carrier.nodes)
    bundles, a_day = notice_bytes_a_day(shown)
    assert bundles > 0
    assert a_day < 200_000


def test_without_notices_nobody_says_anything(tmp_path: Path) -> None:
    entries, _ = fly(SMALL + "\n[notices]\nenabled = false\n", tmp_path / "f")
    assert not any(isinstance(entry, records.NoticePublished) for entry in entries)
