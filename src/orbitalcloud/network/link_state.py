"""Links that both their ends announce: a contact plan for nodes that nobody gave one.

    contacts notice of a: "b, from then to then"  ┐
    contacts notice of b: "a, from then to then"  ┴─► a → b and b → a while both say so, at the lower of the two rates

One end's word is worth nothing: who announces links that it has not draws no traffic unless the other end lies with it,
and two that lie together could as well have the link and drop what comes by it. A word holds until its window ends or
its notice expires, so a node that is gone is out of the plan at the latest then; where its neighbours still run, as
soon as they stop announcing it. What is bounded: a notice has `MAX_WINDOWS`, a pair that many contacts, a board its
notices; each pair is weighted by its rate, as any contact of a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.network.notices import MAX_WINDOWS, Contacts

BAND = "announced"
_Said = dict[tuple[str, str], list[tuple[int, int, int]]]


def announced(now: Instant, notices: Iterable[Contacts], node_of: Callable[[Contacts], str | None]) -> list[Contact]:
    """The contacts, now or to come, that both ends announce.

    `node_of` says under which name bundles for the notice's node are addressed; None where it is not to be believed.
    """
    said: _Said = {}
    for notice in notices:
        node = node_of(notice)
        if node is None:
            continue
        for window in notice.planned:
            closes_s = min(window.closes_s, notice.expires_s)
            if window.peer != node and closes_s > now // SECOND and window.rate_bps:
                said.setdefault((node, window.peer), []).append((window.opens_s, closes_s, window.rate_bps))
    return [contact for pair in sorted(said) for contact in _both(pair, said)]


def _both(pair: tuple[str, str], said: _Said) -> list[Contact]:
    """What the two ends say alike: where their windows overlap."""
    one, other = pair
    found = {
        (max(mine[0], theirs[0]), min(mine[1], theirs[1])): min(mine[2], theirs[2])
        for mine in said[pair]
        for theirs in said.get((other, one), ())
        if max(mine[0], theirs[0]) < min(mine[1], theirs[1])
    }
    spans = sorted(found.items())[:MAX_WINDOWS]
    return [Contact(one, other, Instant(a * SECOND), Instant(b * SECOND), rate, BAND) for (a, b), rate in spans]
