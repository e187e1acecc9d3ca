"""Every bound of an agent in one place. Nothing a peer does makes an agent hold more than these."""

from __future__ import annotations

import msgspec

from orbitalcloud.core.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND


class AgentLimits(msgspec.Struct, frozen=True):
    """What one node's network stack may hold and how it paces itself. The defaults suit a satellite with a disk."""

    store_bytes: int = 256 << 20
    store_bundles: int = 20_000
    source_ppm: int = 500_000
    """Of the store, the most that one source's bundles may take (its own node's are not counted)."""
    source_bytes: int = 1 << 62
    """And the most in bytes, whatever the share."""
    status_reports: int = 64
    """Status reports that may be sent at once; 0: none, whoever asks."""
    status_every_ns: int = 10 * SECOND
    """One more may be sent this often: a report-to may be a stranger's, who never asked."""
    status_lifetime_ns: int = DAY
    confirm_bundles: int = 4096
    """Bundles made here whose delivery is awaited (`assurance`); more are sent without."""
    confirm_bytes: int = 64 << 20
    """And the bytes of their copies."""
    confirm_tries: int = 5
    """How often such a bundle is sent, the first time included."""
    unanswered: int = 6
    """Questions without an answer, each twice as patient as the last, after which an open contact is taken for dead."""
    tolerate: frozenset[str] = frozenset()
    """Breaches of RFC 9171 that are let pass (`bundle.TOLERANCES`); none by default."""
    bundle_bytes: int = 32 << 20
    """Largest bundle taken from a peer or an application."""
    retention_ns: int = 30 * DAY
    """No bundle is kept longer than this after its creation, whatever its lifetime says (a lifetime has 64 bits)."""
    clock_skew_ns: int = HOUR
    """A bundle created later than this in our future is dropped: it would never expire."""
    seen_ids: int = 100_000
    """Delivered or forwarded ids remembered against duplicates, each until the bundle's expiry."""
    peers: int = 4096
    partial_transfers: int = 64
    """Half-received transfers kept per peer; the oldest goes first."""
    partial_bytes: int = 64 << 20
    """The sum of their announced sizes per peer."""
    finished_transfers: int = 4096
    """Completed transfers remembered per peer, to answer a repeated question without the bundle."""
    reports: int = 4096
    """Reports queued per peer while no contact is open."""
    window: int = 512
    """Transfers begun and not yet reported on, per peer."""
    tries: int = 16
    """Times that a peer may ask for the same bundle again within one contact."""
    segment_ns: int = SECOND
    """A frame occupies the link about this long at most: what one lost frame costs."""
    segment_least_bytes: int = 4096
    segment_most_bytes: int = 1 << 20
    burst_ns: int = 50 * MILLISECOND
    """How much link time is handed to the driver ahead, so that small bundles do not cost a timer each."""
    answer_ns: int = 3 * SECOND
    """Patience with a report beyond light time; doubles at each unanswered question."""
    answer_most_ns: int = MINUTE
    guard_ns: int = 100 * MILLISECOND
    """Left free at a contact's end, besides light time both ways, so that the report still finds an open contact."""
    fragment_least_bytes: int = 4096
    fragment_least_ppm: int = 100_000
    """A pass's rest is used for a fragment only if it takes this much of the bundle."""
    fragments_most: int = 1024
    """A bundle is not cut into more for a link that takes only small ones."""
    grace_ns: int = 2 * SECOND
    """A planned contact that has not opened this long after its time is taken to be down."""
    retry_ns: int = 10 * MINUTE
    """When to try a peer again that refused a bundle, if the contact stays open."""
    hops: int = 30
    """Hop limit of bundles made here."""
