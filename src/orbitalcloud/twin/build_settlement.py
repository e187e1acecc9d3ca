"""From `[settlement]`, `[purse]` and `[[cosign]]` to what the nodes know and what people on the ground do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orbitalcloud.core import HOUR, MINUTE, SECOND, Instant, Seed
from orbitalcloud.core.events import Commanded
from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.contracts import COSIGNER
from orbitalcloud.ethereum.settlement import PROPOSAL_TYPE
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.typed_data import Domain, struct_hash
from orbitalcloud.mission import Loaded, faults
from orbitalcloud.mission.settlement import Cosign
from orbitalcloud.node import SatelliteConfig, StationConfig, encode_order
from orbitalcloud.node.config import FollowingFacts, OfficeFacts, PurseFacts, SettlementFacts
from orbitalcloud.node.purse_orders import CoSign, signature_of
from orbitalcloud.twin.founding import Founding, PurseTerms, SettlementTerms
from orbitalcloud.twin.liar import Lie

GWEI = 10**9
Proposal = Cosign | faults.ForgedProposal | faults.RogueOwners


def founding_of(loaded: Loaded, seed: Seed) -> Founding | None:
    """What stands on the development chain from its beginning; None where the mission needs nothing there."""
    mission = loaded.mission
    one, purse, ethereum = mission.settlement, mission.purse, mission.ethereum
    if ethereum is None or (one is None and purse is None):
        return None
    terms = None
    if one is not None:
        terms = SettlementTerms(
            stake_wei=one.stake_gwei * GWEI,
            delay_s=round(one.delay_h * 3600),
            window_s=round(one.window_min * 60),
            patience_s=round(one.patience_min * 60),
            penalty_wei=one.penalty_gwei * GWEI,
        )
    held = None
    if purse is not None:
        held = PurseTerms(purse.satellite, round(purse.window_min * 60), round(purse.funded_eth * 10**18))
    return Founding(seed.child("founding"), ethereum.chain_id, terms, held)


def settled(loaded: Loaded, config: SatelliteConfig, founding: Founding) -> SatelliteConfig:
    """The settings of a satellite that is paid on chain, or holds a key of the purse."""
    mission, codes, following = loaded.mission, founding.code_hashes, config.following
    assert following is not None, "the mission's checks ask for a chain that can be followed"
    contracts: set[str] = set()
    if mission.settlement is not None:
        one = mission.settlement
        contracts |= {founding.registry.lower(), founding.office.lower()}
        facts = SettlementFacts(
            registry=founding.registry,
            settlement=founding.office,
            registry_code=codes[founding.registry.lower()],
            settlement_code=codes[founding.office.lower()],
            stake_wei=one.stake_gwei * GWEI,
            patience_s=round(one.patience_min * 60),
            office=one.office,
            chain_id=founding.chain_id,
        )
        config = replace(config, settlement=facts)
    if mission.purse is not None and mission.purse.satellite == config.name:
        purse = mission.purse
        contracts.add(founding.purse_address.lower())
        held = PurseFacts(
            address=founding.purse_address,
            code_hash=codes[founding.purse_address.lower()],
            payees=frozenset(purse.payees),
            daily_limit_wei=purse.daily_limit_gwei * GWEI,
            station=purse.station,
            chain_id=founding.chain_id,
        )
        config = replace(config, purse=held)
    return replace(config, following=_calling(following, contracts, codes))


def _calling(following: FollowingFacts, contracts: set[str], codes: dict[str, str]) -> FollowingFacts:
    allowed = following.code_hashes | {codes[place] for place in contracts}
    desks = frozenset(contracts) - following.contracts
    return replace(following, contracts=following.contracts | contracts, desks=desks, code_hashes=allowed)


def office(loaded: Loaded, config: StationConfig, founding: Founding) -> StationConfig:
    """The settings of a station, with the office if it has it."""
    one = loaded.mission.settlement
    if one is None or one.office != config.name:
        return config
    facts = OfficeFacts(
        registry=founding.registry,
        settlement=founding.office,
        chain_id=founding.chain_id,
        price_wei=one.price_gwei * GWEI,
        fee_wei=one.verifier_fee_gwei * GWEI,
        quorum=one.quorum,
        window_s=round(one.window_min * 60),
        patience_s=round(one.patience_min * 60),
        batch_s=round(one.batch_min * 60),
        deadline_s=round(one.deadline_h * 3600),
        satellites=tuple(craft.name for craft in loaded.satellites),
    )
    return replace(config, office=facts)


def satellite_lies(loaded: Loaded) -> dict[str, tuple[Lie, ...]]:
    """Which satellites lie, when, by the mission's faults."""
    found: dict[str, list[Lie]] = {}
    for fault in loaded.mission.fault:
        if isinstance(fault, faults.LyingSatellite):
            begins = loaded.starts + round(fault.at_h * HOUR)
            lie = Lie(fault.lie, Instant(begins), Instant(begins + round(fault.duration_min * MINUTE)))
            found.setdefault(fault.target, []).append(lie)
    return {name: tuple(lies) for name, lies in found.items()}


def proposals(loaded: Loaded, founding: Founding | None) -> Iterator[tuple[Instant, str, Commanded]]:
    """When people propose payments out of the purse, at which station, and how.

    Numbers are those that the purse will give: each proposal that is really made takes the next.
    """
    if founding is None or founding.purse is None:
        return
    mission = loaded.mission
    purposes = faults.ForgedProposal | faults.RogueOwners
    made: list[Proposal] = [*mission.cosign, *(one for one in mission.fault if isinstance(one, purposes))]
    domain, number, nonce = Domain(founding.chain_id, founding.purse_address), 0, founding.next_nonce
    for one in sorted(made, key=lambda item: item.at_h):
        at, value = Instant(loaded.starts + round(one.at_h * 3600 * SECOND)), one.value_gwei * GWEI
        content = struct_hash(PROPOSAL_TYPE, (number, one.to, value, keccak256(b"")))
        if isinstance(one, faults.RogueOwners):
            both = [founding.owner(who).sign_typed(domain, content) for who in (0, 1)]
            data = COSIGNER.call("propose", one.to, value, b"", *both)
            yield at, one.station, Commanded("broadcast", founding.send(nonce, founding.purse_address, 0, data))
            nonce += 1
        else:
            forged = isinstance(one, faults.ForgedProposal)
            signer = Wallet.born(founding.seed.child("stranger").bytes(32)) if forged else founding.owner(0)
            first = signature_of(signer.sign_typed(domain, content))
            order = CoSign(founding.purse.satellite, founding.purse_address, number, one.to, str(value), first)
            yield at, one.station, Commanded("co-sign", encode_order(order))
            if forged:
                continue
        number += 1
