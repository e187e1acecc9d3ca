"""The report's section about Ethereum: the wallet, payments with their proofs, the heads, and what following costs."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

import numpy as np

from orbitalcloud.core.records import HeadAdvanced
from orbitalcloud.core.time import DAY, MINUTE, SECOND
from orbitalcloud.view.columns import Column, Row, Table
from orbitalcloud.view.flight import Flight, Satellite, Transaction
from orbitalcloud.view.page import facts, grid, text
from orbitalcloud.view.sections_settlement import settlement_part
from orbitalcloud.view.svg import Frame, Line, chart
from orbitalcloud.view.tables import table
from orbitalcloud.view.words import clock, count, duration, ether, moment, scaled, short

LINES_SHOWN = 6
CHARTED_S = 14 * 86_400
"""A head that is older is months old, as packaged data are: beside it nothing else could be read off a chart."""

_TONES = ("blue", "teal", "orange", "red")

Chain = tuple[str, str]
"""A satellite and the network that it follows."""


def ethereum_section(flight: Flight) -> str:
    """The wallet, what it signed, and the head that the light client believes."""
    born = [satellite for satellite in flight.satellites.values() if satellite.wallet]
    if not (born or flight.heads or flight.transactions or flight.refused_updates):
        return '<p class="none">No wallet and no light client flew.</p>'
    parts = []
    if len(born) <= 3:
        parts += [_wallet(flight, satellite) for satellite in born]
    chains = by_chain(flight)
    if len(chains) <= LINES_SHOWN:
        parts += [_head(flight, chain, heads) for chain, heads in chains.items()]
    body = f'<div class="columns">{"".join(parts)}</div>'
    steps = {step.hash for step in flight.work_steps}  # told below, in the life of their job
    stories = [_story(flight, one) for one in flight.transactions.values() if one.signed and one.hash not in steps]
    if stories:
        items = "".join(f"<li>{text(story)}</li>" for story in stories[:20])
        body += f"<h3>Each payment, to its proof</h3><ul>{items}</ul>"
    body += settlement_part(flight)
    body += "<h3>Transactions</h3>" + grid(table(flight, "transactions"))
    if flight.heads:
        body += "<h3>What following a chain costs</h3>" + grid(costs(flight)) + _lag(flight, chains)
    return body + "<h3>What the light client was told</h3>" + grid(table(flight, "heads"))


def by_chain(flight: Flight) -> dict[Chain, list[HeadAdvanced]]:
    """Each light client's heads, in order."""
    found: dict[Chain, list[HeadAdvanced]] = {}
    for head in flight.heads:
        found.setdefault((head.node, head.network), []).append(head)
    return found


def _wallet(flight: Flight, satellite: Satellite) -> str:
    name, start = satellite.name, flight.header.start
    own = [one for one in flight.transactions.values() if one.node == name and one.signed and not one.handed]
    proved = sum(one.proved_slot >= 0 for one in own)
    pairs: list[tuple[str, object]] = [
        ("wallet of", name),
        ("address", satellite.wallet),
        ("born", f"{moment(satellite.wallet_born, start)} UTC, on board"),
        ("signed", count(len(own), "transaction")),
        ("settled", f"{sum(one.state == 'settled' for one in own)}, {proved} of them proved on board"),
    ]
    if satellite.wallet_wiped:
        pairs.append(("wiped", f"{moment(satellite.wallet_wiped, start)} UTC, on the operator's order"))
    return facts(pairs)


def _head(flight: Flight, chain: Chain, heads: list[HeadAdvanced]) -> str:
    head, (node, network) = heads[-1], chain
    refused = sum((one.node, one.network) == chain for one in flight.refused_updates)
    pairs: list[tuple[str, object]] = [
        ("light client of", f"{node}, {network}"),
        ("finalized slot", f"{head.finalized_slot:,}"),
        ("root", head.finalized_root),
        ("period", f"{head.period}, {count(sum(h.rotated for h in heads), 'rotation')} seen"),
        ("signers", f"{head.participants} of the sync committee"),
        ("behind", f"{duration(head.lag_s)} when it was verified at {clock(head.at)} UTC"),
        ("refused", count(refused, "update or proof", "updates and proofs")),
    ]
    return facts(pairs)


def _story(flight: Flight, one: Transaction) -> str:
    start = flight.header.start
    said = f"{ether(one.value_wei)} to {short(one.to)}: signed by {one.node} at {moment(one.signed, start)} UTC"
    if one.signed_slot >= 0:
        said += f" against balance, nonce and code proved under slot {one.signed_slot:,}"
    if one.settled:
        said += f"; mined in block {one.block:,}, as a station heard at {moment(one.settled, start)}"
    name = short(one.hash)[:10]
    for lie in flight.refused_updates:
        if lie.source.startswith("settlement") and name[:8] in lie.source:
            said += f"; {lie.source.rpartition(' ')[2]}’s word refused at {moment(lie.at, start)} ({lie.check})"
    if one.proved_slot >= 0:
        after = duration((one.proved - one.signed) / SECOND)
        said += (
            f"; proved on board at {moment(one.proved, start)} under slot {one.proved_slot:,}, {after} after signing"
        )
    elif one.proved:
        said += f"; on board since {moment(one.proved, start)}, as a station told it, unproved"
    elif one.settled:
        said += "; no proof of it has come up"
    if one.undone:
        said += f"; undone at {moment(one.undone, start)} ({one.undone_why})"
    if one.doubted:
        said += f"; called dropped at {moment(one.doubted, start)}, and asked for elsewhere"
    if one.final:
        said += f"; final, as seen aboard at {moment(one.final, start)}"
    if one.refused:
        said += f"; refused: {one.refused_why}"
    return said + "."


# What it costs ------------------------------------------------------------------------------------------------------


def costs(flight: Flight) -> Table:
    """Bytes and joules a day for each chain that is followed, and how old its head became."""
    columns = (
        Column("node", "satellite"),
        Column("network", "chain"),
        Column("heads", "heads", lambda value: f"{value:,}", right=True),
        Column("refused", "refused", lambda value: f"{value:,}", right=True),
        Column("bytes_per_day", "bytes a day", lambda value: scaled(value, "B"), right=True),
        Column("energy_per_day_j", "energy a day", lambda value: scaled(value, "J"), right=True),
        Column("gap_median_s", "between heads, half", duration, right=True),
        Column("gap_max_s", "longest", duration, right=True),
        Column("lag_min_s", "lag when fresh", duration, right=True),
        Column("lag_max_s", "lag at worst", duration, right=True),
    )
    return Table("following", columns, tuple(_cost(flight, *item) for item in by_chain(flight).items()))


def _cost(flight: Flight, chain: Chain, heads: list[HeadAdvanced]) -> Row:
    start, end = flight.span
    days = (end - start) / DAY
    times = [head.at for head in heads] + [end]
    gaps = [(later - earlier) / SECOND for earlier, later in pairwise(times)]
    brought = [head for head in heads if head.participants]
    return {
        "node": chain[0],
        "network": chain[1],
        "heads": len(brought),
        "refused": sum((one.node, one.network) == chain for one in flight.refused_updates),
        "bytes_per_day": sum(head.size_bytes for head in brought) / days,
        "energy_per_day_j": sum(head.energy_uj for head in brought) / 1e6 / days,
        "gap_median_s": median(gaps),
        "gap_max_s": max(gaps),
        "lag_min_s": min(head.lag_s for head in heads),
        "lag_max_s": max(head.lag_s + gap for head, gap in zip(heads, gaps, strict=True)),
    }


def _lag(flight: Flight, chains: dict[Chain, list[HeadAdvanced]]) -> str:
    """How old each verified head was: it ages by a second a second, and a pass makes it young."""
    shown = {chain: heads for chain, heads in chains.items() if max(head.lag_s for head in heads) < CHARTED_S}
    if not shown:
        return ""
    start, end = flight.span
    lines = []
    for index, ((node, network), heads) in enumerate(list(shown.items())[:LINES_SHOWN]):
        at: list[int] = []
        lag: list[float] = []
        for head, until in zip(heads, [*(one.at for one in heads[1:]), end], strict=True):
            at += [head.at, until]
            lag += [head.lag_s, head.lag_s + (until - head.at) / SECOND]
        minutes = np.array(lag, dtype=np.float64) * SECOND / MINUTE
        name = f"{network}" if len(flight.satellites) == 1 else f"{node}, {network}"
        lines.append(Line(name, np.array(at, dtype=np.int64), minutes, _TONES[index % len(_TONES)]))
    return chart(Frame(start, end, "min", 220, 0, 0.0), lines, title="How old the verified head was")
