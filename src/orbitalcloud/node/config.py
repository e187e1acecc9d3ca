"""What a node knows of itself when it is built: public facts and limits, no secrets, nothing that changes.

The driver makes these from the mission. Everything else a node knows, it was told by events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orbitalcloud.compute import Accelerator
from orbitalcloud.core import HOUR, MINUTE
from orbitalcloud.ethereum import ChainConfig
from orbitalcloud.network import AgentLimits, ContactPlan, Petnames
from orbitalcloud.network.security import Policy
from orbitalcloud.planning import Flying, Interval


@dataclass(frozen=True, slots=True)
class GovernorLimits:
    """Where the Governor says no. `payload_node` indexes `Readings.temperatures_mk`.

    At `throttle_mk` and above a run starts throttled, at `hot_mk` none starts and a running one is stopped; a run is
    stopped, too, when the charge falls below the reserve, or to nothing.
    """

    reserve_ppm: int
    payload_node: int
    hot_mk: int
    throttle_mk: int
    max_waiting: int = 64
    max_input_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class EnergyFacts:
    """What a satellite knows of its power: for forecasts. Sunlight comes from its public ephemeris."""

    battery_mj: int
    array_mw: int
    idle_mw: int
    sunlight: tuple[Interval, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class VerificationFacts:
    """Where the light client starts: configuration, weak-subjectivity root, and the bootstrap loaded before launch."""

    config: ChainConfig
    checkpoint: bytes
    bootstrap: bytes = field(repr=False)
    max_silence_slots: int | None = None
    """A finalised head older than this is not gone on from: the keys that signed since may be anybody's by now."""


@dataclass(frozen=True, slots=True)
class FollowingFacts:
    """How the chain that the wallet pays on is followed, and what its state must be before a signature.

    `follow_ns`: how old the head may be before a contact is used to ask for a newer one; `state_age_ns`: how old at a
    signature. `code_hashes` are what a recipient's code may be besides none.
    """

    stations: frozenset[str]
    verified_state: bool = True
    follow_ns: int = 45 * MINUTE
    state_age_ns: int = 10 * MINUTE
    patience_ns: int = 12 * HOUR
    code_hashes: frozenset[str] = frozenset()
    contracts: frozenset[str] = frozenset()
    """Contracts that may be called with data; their code must be one of `code_hashes`."""
    desks: frozenset[str] = frozenset()
    """Those of `contracts` that only this satellite's own desks call: whoever orders payments may not, for a call could
    take its stake out of service, or lock its coins in an escrow of the caller's choice."""
    delegates: frozenset[str] = frozenset()
    """Whose code the account may run as its own (EIP-7702): whoever wrote that code owns the account from then on."""


@dataclass(frozen=True, slots=True)
class PurseFacts:
    """The purse of which this satellite holds one key: where it is, what code must stand there, and what it may pay.

    `station` is where a call that the desk wants of its own is sent first.
    """

    address: str
    code_hash: str
    payees: frozenset[str]
    daily_limit_wei: int
    station: str
    chain_id: int


@dataclass(frozen=True, slots=True)
class SettlementFacts:
    """How a satellite's work is paid on chain: the contracts, the code that must stand there, its stake, its office."""

    registry: str
    settlement: str
    registry_code: str
    settlement_code: str
    stake_wei: int
    patience_s: int
    office: str
    chain_id: int
    least_price_wei: int = 1


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """What a station that settles jobs on chain knows: the contracts, its terms, and who serves."""

    registry: str
    settlement: str
    chain_id: int
    price_wei: int
    fee_wei: int
    quorum: int
    window_s: int
    patience_s: int
    batch_s: int
    deadline_s: int
    satellites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """How a node treats bundles. `public_keys` are everybody's Ed25519 keys by node name, known when it is built.

    A node that learns of others as it goes puts its own `Keys` in the place of these (`agent.guard.keys`).
    """

    policy: Policy | None = None
    """None: nothing is signed, nothing judged."""
    public_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    relays_verify: bool = True
    aliases: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Other names of nodes, such as `ipn:7`, to their own."""
    asks: int = 0
    """The status reports that bundles made here ask for."""
    limits: AgentLimits = field(default_factory=AgentLimits)
    confirm: bool = False
    """Whether messages are awaited end to end and sent again (`network.assurance`)."""
    observe: bool = False
    """Whether contacts are held against the plan (`network.plan_watch`)."""


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a node's notices are made by: whose names it knows, how often it speaks, and how many bytes that may cost.

    `names` binds the mission's names to the keys that its nodes are born with; all nodes share it and none changes it.
    """

    names: Petnames = field(repr=False)
    plan: ContactPlan = field(repr=False)
    every_ns: int = 6 * HOUR
    contact_bytes: int = 16_384
    """Most that one neighbour is sent at once, and in an hour."""
    jurisdiction: str = ""
    price_gwei_per_kj: int = 0
    operator: bytes = b""
    """The Ed25519 key that may revoke this node's."""
    link_hold_ns: int = 0
    """Live nodes: for how long a link that is up is announced, and neighbours' announcements make the plan. 0: links
    are known from `plan` alone."""
    push_ns: int = 15 * MINUTE
    """How often a neighbour in view is told what is new."""
    repair_ns: int = 12 * HOUR
    """How often summaries are compared with one neighbour."""


@dataclass(frozen=True, slots=True)
class SatelliteConfig:
    """One satellite's software settings."""

    name: str
    plan: ContactPlan = field(repr=False)
    accelerator: Accelerator
    governor: GovernorLimits
    energy: EnergyFacts
    platform_mw: int
    radio_mw: int
    """Drawn while there is a contact with the ground."""
    artefacts: frozenset[str] = frozenset()
    terminals_mw: Mapping[str, int] = field(default_factory=dict)
    """Drawn by the terminal towards each other satellite while there is a contact with it."""
    verification: VerificationFacts | None = None
    paying: VerificationFacts | None = None
    """The chain that the wallet pays on, where its light-client data can be had."""
    following: FollowingFacts | None = None
    max_payment_wei: int = 10**18
    safe_below_ppm: int = 0
    safe_above_ppm: int = 0
    safe_mw: int = 0
    payees: frozenset[str] = frozenset()
    chain_ids: frozenset[int] = frozenset()
    daily_limit_wei: int | None = None
    """Most that leaves in any 24 hours, fees included; None: no limit but each payment's own."""
    uplink_uj_per_byte: int = 0
    """What the radio takes to receive a byte on the slowest of its uplinks."""
    jurisdictions: Mapping[str, str] = field(default_factory=dict)
    """Station → whose law holds there (ISO 3166), of the stations that have a chain."""
    purse: PurseFacts | None = None
    settlement: SettlementFacts | None = None
    operator: str = ""
    """The account whose signature wipes the wallet; without one nobody can."""
    result_lifetime_ns: int = 48 * HOUR
    planner: Flying = "earliest-deadline"
    """Which of `planning`'s planners orders its jobs."""
    network: NetworkFacts = NetworkFacts()
    notices: NoticeFacts | None = None


@dataclass(frozen=True, slots=True)
class StationConfig:
    """One ground station's software settings; `chain` says in words what its JSON-RPC node is."""

    name: str
    plan: ContactPlan = field(repr=False)
    satellites: tuple[str, ...]
    chain: str = ""
    beacon: ChainConfig | None = None
    """The chain's light-client configuration, where its node has light-client data."""
    office: OfficeFacts | None = None
    """Where this station settles jobs on chain."""
    order_lifetime_ns: int = 48 * HOUR
    network: NetworkFacts = NetworkFacts()
    notices: NoticeFacts | None = None
