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


class SatelliteLost(Trouble, frozen=True, kw_only=True, tag="satellite-lost"):
    """The target satellite is gone, for a time (then it starts again with what it had saved) or, without one, for good.

    Its links end, and none opens.
    """

    duration_min: Positive | None = None


class JurisdictionCut(Trouble, frozen=True, kw_only=True, tag="jurisdiction-cut"):
    """The target is a country's code (ISO 3166): its stations are cut `off` from everybody for a time, or traffic of
    others through them is `forbidden`, which everybody is told."""

    duration_min: Positive
    how: Literal["off", "forbidden"] = "off"


class StalePlan(Trouble, frozen=True, kw_only=True, tag="stale-plan"):
    """The target node goes by a contact plan that is `shift_min` late (early where negative) and lacks the share
    `missing` of its contacts, for a time."""

    duration_min: Positive
    shift_min: Annotated[float, Meta(ge=-100_000, le=100_000)] = 0
    missing: Annotated[float, Meta(ge=0, le=1)] = 0


class LyingContacts(Trouble, frozen=True, kw_only=True, tag="lying-contacts"):
    """The target satellite announces its passes over stations and keeps none of them, for a time; its links to other
    satellites stay."""

    duration_min: Positive


class BlackHole(Trouble, frozen=True, kw_only=True, tag="black-hole"):
    """The target node says that it takes the bundles of others, and drops them all, for a time."""

    duration_min: Positive


class SelectiveDrop(Trouble, frozen=True, kw_only=True, tag="selective-drop"):
    """The same of a share of them, drawn from the seed, and where `to` is given only of those for that node."""

    duration_min: Positive
    share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    to: Text | None = None


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
    | SatelliteLost
    | JurisdictionCut
    | StalePlan
    | LyingContacts
    | BlackHole
    | SelectiveDrop
)
