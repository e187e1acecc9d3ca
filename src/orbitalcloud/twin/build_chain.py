"""The chain that a mission's wallets pay on, from [ethereum]: its beginning, who follows it, who lies of it."""

from __future__ import annotations

from dataclasses import replace

from orbitalcloud.core import HOUR, MINUTE, SECOND, Instant, Seed
from orbitalcloud.mission import Craft, Loaded, faults
from orbitalcloud.network import ContactPlan
from orbitalcloud.node import SatelliteConfig, VerificationFacts
from orbitalcloud.node.config import FollowingFacts
from orbitalcloud.twin.devnet import SLOT_S, DevBeacon, Validators, devnet_config
from orbitalcloud.twin.liar import Lie

DAY_S = 86_400
GWEI = 10**9


def beacon_of(loaded: Loaded, seed: Seed) -> DevBeacon | None:
    """The development beacon chain, where the mission pays on the in-process one."""
    ethereum = loaded.mission.ethereum
    if ethereum is None or ethereum.chain != "in-process":
        return None
    own = seed.child("devnet")
    return DevBeacon(devnet_config(own, loaded.starts), Validators(own))


def paying_facts(loaded: Loaded, beacon: DevBeacon | None) -> VerificationFacts | None:
    """Where the satellites' second light client begins: with the checkpoint that they are given at launch."""
    ethereum = loaded.mission.ethereum
    if beacon is None or ethereum is None:
        return None
    slots = round(ethereum.max_silence_days * DAY_S / SLOT_S)
    return VerificationFacts(beacon.config, beacon.checkpoint, beacon.bootstrap(), slots)


def following(loaded: Loaded, config: SatelliteConfig, paying: VerificationFacts) -> SatelliteConfig:
    """The settings of a satellite that follows the chain that it pays on."""
    ethereum = loaded.mission.ethereum
    assert ethereum is not None, "there is a chain to follow"
    facts = FollowingFacts(
        stations=frozenset(ground.name for ground in loaded.stations),
        verified_state=ethereum.verified_state is not False,
        follow_ns=round(ethereum.follow_min * MINUTE),
        state_age_ns=round(ethereum.state_age_min * MINUTE),
        code_hashes=frozenset(ethereum.code_hashes),
        contracts=frozenset(one.lower() for one in ethereum.contracts),
        delegates=frozenset(ethereum.delegates),
    )
    return replace(config, paying=paying, following=facts)


def lies_of(loaded: Loaded) -> dict[str, tuple[Lie, ...]]:
    """Which stations lie, when, by the mission's faults."""
    found: dict[str, list[Lie]] = {}
    for fault in loaded.mission.fault:
        if isinstance(fault, faults.LyingStation):
            begins = loaded.starts + round(fault.at_h * HOUR)
            lie = Lie(fault.lie, Instant(begins), Instant(begins + round(fault.duration_min * 60 * SECOND)))
            found.setdefault(fault.target, []).append(lie)
    return {name: tuple(lies) for name, lies in found.items()}


def daily_limit_wei(loaded: Loaded) -> int | None:
    """What a wallet may sign away in 24 hours; None without a limit."""
    ethereum = loaded.mission.ethereum
    if ethereum is None or ethereum.daily_limit_gwei is None:
        return None
    return ethereum.daily_limit_gwei * GWEI


def uplink_uj_per_byte(plan: ContactPlan, craft: Craft) -> int:
    """What its radio takes from the bus while a byte comes up, on the slowest uplink that it has; 0 without one."""
    rates = [one.rate_bps for one in plan.contacts if one.receiver == craft.name]
    return round(craft.bus.radio_tx_w * 8e6 / min(rates)) if rates else 0
