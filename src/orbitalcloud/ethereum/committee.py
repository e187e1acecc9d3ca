"""The key that a committee's signature must match: the sum of the members who took part.

A committee carries the sum of all its keys under the same Merkle proof as the keys themselves, and the chain computes
that sum (`eth_aggregate_pubkeys`), so the participants' sum is that aggregate less the few absentees: a handful of
decompressions instead of 512. Strict mode does not lean on this: it sums the participants and checks that all members
add up to the aggregate.
Every key that is touched passes the full guard of `bls.public_key`; no key is touched twice.
"""

from __future__ import annotations

from functools import lru_cache

from py_arkworks_bls12381 import G1Point

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import bls
from orbitalcloud.ethereum.types import SyncCommittee


class _Points:
    """A committee's keys as points, decompressed when first asked for."""

    def __init__(self, committee: SyncCommittee) -> None:
        self._committee = committee
        self._members: dict[int, G1Point] = {}
        self._aggregate: G1Point | None = None
        self.sums_up: bool | None = None

    @property
    def aggregate(self) -> G1Point:
        if self._aggregate is None:
            self._aggregate = _key(self._committee.aggregate_pubkey, "the aggregate key")
        return self._aggregate

    def member(self, index: int) -> G1Point:
        point = self._members.get(index)
        if point is None:
            data = self._committee.pubkeys[48 * index : 48 * index + 48]
            point = self._members[index] = _key(data, f"member {index}")
        return point


def _key(data: bytes, whose: str) -> G1Point:
    try:
        return bls.public_key(data)
    except RemoteProtocolError as error:
        raise RemoteProtocolError("committee-key", f"{whose} is {error.detail}") from None


@lru_cache(maxsize=6)
def _points(committee: SyncCommittee) -> _Points:
    # A pure function of the committee's bytes; remembered so that a period's updates decompress each key once.
    return _Points(committee)


def forget_points() -> None:
    """Drop the decompressed keys (for measuring a cold check)."""
    _points.cache_clear()


def participants_key(committee: SyncCommittee, bits: bytes, *, strict: bool = False) -> G1Point:
    """Sum of the keys whose bit is set; `RemoteProtocolError('committee-key')` if a key that is needed is invalid."""
    points, size = _points(committee), committee.size
    flags = int.from_bytes(bits, "little")
    present = [index for index in range(size) if flags >> index & 1]
    if strict:
        _require_sum(points, size)
        return bls.total(points.member(index) for index in present)
    if 2 * len(present) < size:
        return bls.total(points.member(index) for index in present)
    absent = [index for index in range(size) if not flags >> index & 1]
    return points.aggregate - bls.total(points.member(index) for index in absent)


def _require_sum(points: _Points, size: int) -> None:
    if points.sums_up is None:
        points.sums_up = bool(bls.total(points.member(index) for index in range(size)) == points.aggregate)
    if not points.sums_up:
        raise RemoteProtocolError("committee-key", "the members' keys do not add up to the committee's aggregate key")
