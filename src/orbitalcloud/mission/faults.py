"""What goes wrong, in the mission file: faults that the twin injects."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from orbitalcloud.mission.parts import Account, Hours, Part, Positive, Text


class Trouble(Part, frozen=True, kw_only=True, tag_field="kind"):
    """What every fault has: when, and whom it strikes."""

    at_h: Hours
    target: Text


class Reboot(Trouble, frozen=True, kw_only=True, tag="reboot"):
    """The node (satellite or station) restarts: all that was not saved is lost."""


class FrameLoss(Trouble, frozen=True, kw_only=True, tag="frame-loss"):
    """Every frame to or from the target is lost with this probability, for a time."""

    duration_min: Positive
    loss_ppm: Annotated[int, Meta(ge=1, le=1_000_000)]


class StationOutage(Trouble, frozen=True, kw_only=True, tag="station-outage"):
    """The target station neither sends nor receives, for a time.

    With `announced_min` it says so that many minutes before, in a signed notice, and whoever heard plans without it.
    """

    duration_min: Positive
    announced_min: Positive | None = None


class BlocksTransactions(Trouble, frozen=True, kw_only=True, tag="blocks-transactions"):
    """The target station cannot speak to the chain, for a time; bundles still pass."""

    duration_min: Positive


class TamperedUpdate(Trouble, frozen=True, kw_only=True, tag="tampered-update"):
    """`station` sends the target satellite a real light-client update with one byte (`byte`) inverted."""

    file: Text
    station: Text
    byte: Annotated[int, Meta(ge=0, le=1_000_000)]


class LyingStation(Trouble, frozen=True, kw_only=True, tag="lying-station"):
    """The target station forges what it brings of the chain, for a time: says that something was mined, turns an
    outcome around, shows another's, withholds the head that proofs need, or makes the account richer."""

    duration_min: Positive
    lie: Literal["unproved", "status", "other-receipt", "stale-head", "balance"]


class LyingSatellite(Trouble, frozen=True, kw_only=True, tag="lying-satellite"):
    """The target satellite lies about its work, for a time: answers with another result than it computed, co-signs what
    others claim without running it, or signs a second result of each job."""

    duration_min: Positive
    lie: Literal["wrong-result", "co-signs-anything", "two-results"]


class ForgedProposal(Trouble, frozen=True, kw_only=True, tag="forged-proposal"):
    """`station` asks the target satellite to co-sign a payment out of the purse that none of its owners proposed."""

    station: Text
    to: Account
    value_gwei: Annotated[int, Meta(ge=1, le=10**15)]


class RogueOwners(Trouble, frozen=True, kw_only=True, tag="rogue-owners"):
    """Both owners on the ground propose a payment out of the purse through `station`, whatever its policy says."""

    station: Text
    to: Account
    value_gwei: Annotated[int, Meta(ge=1, le=10**15)]


class ArrayStringLoss(Trouble, frozen=True, kw_only=True, tag="array-string-loss"):
    """The target satellite's array gives `fraction` less from then on, or `strings` of its strings give nothing."""

    fraction: Annotated[float, Meta(gt=0, le=1)] | None = None
    strings: Annotated[int, Meta(ge=1, le=64_000)] | None = None


class TamperedBundle(Trouble, frozen=True, kw_only=True, tag="tampered-bundle"):
    """The target node inverts one byte of the payload of every bundle that it passes on for others, for a time."""

    duration_min: Positive


Fault = (
    Reboot
    | FrameLoss
    | StationOutage
    | BlocksTransactions
    | TamperedUpdate
    | TamperedBundle
    | LyingStation
    | LyingSatellite
    | ForgedProposal
    | RogueOwners
    | ArrayStringLoss
)
