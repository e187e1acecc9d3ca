"""The steps of the fold that follow bundles from hop to hop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orbitalcloud.core import records as r
from orbitalcloud.view.flight import Bundle, Hop
from orbitalcloud.view.fold_state import State


def _bundle(state: State, name: str, /, **changes: Any) -> Bundle:
    bundle = replace(state.bundles.get(name) or Bundle(name), **changes)
    state.bundles[name] = bundle
    return bundle


def _hop(state: State, name: str, hop: Hop, /, **changes: Any) -> None:
    known = state.bundles.get(name) or Bundle(name)
    state.bundles[name] = replace(known, hops=(*known.hops, hop), **changes)


def bundle_created(state: State, entry: r.BundleCreated) -> None:
    _hop(
        state,
        entry.bundle,
        Hop(entry.at, entry.node, "created", entry.destination, entry.size_bytes),
        source=entry.node,
        destination=entry.destination,
        purpose=entry.purpose,
        size_bytes=entry.size_bytes,
        created=entry.at,
        awaited=entry.awaited,
    )


def bundle_sent(state: State, entry: r.BundleSent) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "sent", entry.peer, entry.size_bytes, entry.attempt))


def bundle_received(state: State, entry: r.BundleReceived) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "received", entry.peer, entry.size_bytes))


def bundle_delivered(state: State, entry: r.BundleDelivered) -> None:
    known = state.bundles.get(entry.bundle)
    _hop(
        state,
        entry.bundle,
        Hop(entry.at, entry.node, "delivered", entry.source, entry.size_bytes),
        deliveries=1 if known is None else known.deliveries + 1,
        delivered=entry.at,
        delivered_to=entry.node,
        delay_s=entry.delay_ms / 1000,
        security=entry.security,
    )


def bundle_fragmented(state: State, entry: r.BundleFragmented) -> None:
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


def bundle_waits(state: State, entry: r.BundleWaits) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "waits", why=entry.why))


def bundle_dropped(state: State, entry: r.BundleDropped) -> None:
    _hop(
        state,
        entry.bundle,
        Hop(entry.at, entry.node, "dropped", why=entry.why),
        dropped=entry.at,
        dropped_why=entry.why,
    )


def bundle_refused(state: State, entry: r.BundleRefused) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "refused", entry.peer, why=entry.why))


def bundle_repeated(state: State, entry: r.BundleRepeated) -> None:
    around = ", ".join(entry.avoid)
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "sent again", around, 0, entry.sending, entry.why))


def bundle_confirmed(state: State, entry: r.BundleConfirmed) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "confirmed", attempt=entry.sendings), confirmed=entry.at)


def bundle_unconfirmed(state: State, entry: r.BundleUnconfirmed) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "unconfirmed", why=entry.why), unconfirmed=entry.at)


def bundle_duplicate(state: State, entry: r.BundleDuplicate) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "came again", entry.peer))


def bundle_swallowed(state: State, entry: r.BundleSwallowed) -> None:
    _hop(state, entry.bundle, Hop(entry.at, entry.node, "swallowed", entry.peer))


def trust_changed(state: State, entry: r.TrustChanged) -> None:
    state.reliance.append(entry)


def status_reported(state: State, entry: r.StatusReported) -> None:
    what = f"reported {entry.status}" + (f" ({entry.text})" if entry.reason else "")
    _hop(state, entry.bundle, Hop(entry.at, entry.node, what, entry.reporter))
