"""The Log's vocabulary: every kind of entry, typed. Integers, text and booleans: no float's rounding is in a digest.

`at` is nanoseconds since the POSIX epoch (UTC), `node` the mission's name of who says it (empty for the driver).
Units stand last in each name: `_ns`, `_mj` (millijoule), `_mw` (milliwatt), `_mk` (millikelvin), `_ppm`, `_udeg`,
`_mdeg`, `_bps`. On disk an entry is one line of JSON whose `kind` is the class's name in kebab case.
"""

from __future__ import annotations

import re

import msgspec

from orbitalcloud.core.why import Why


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Base(msgspec.Struct, frozen=True, tag_field="kind", tag=_kebab, forbid_unknown_fields=True):
    """What every entry has."""

    at: int
    node: str


# The flight ---------------------------------------------------------------------------------------------------------


class FlightStarted(Base, frozen=True):
    """First entry: which mission, which seed, which software, from when to when."""

    mission: str
    mission_digest: str
    seed: int
    ends: int
    software: str
    telemetry_s: int


class FlightEnded(Base, frozen=True):
    """Last entry of a whole flight."""

    entries: int


class SatelliteDescribed(Base, frozen=True):
    """What a satellite is, so that a reader of the Log needs no mission file."""

    bus: str
    orbit: str
    period_ms: int
    inclination_mdeg: int
    battery_mj: int
    reserve_ppm: int
    array_mw: int
    thermal_nodes: tuple[str, ...]
    hot_limits_mk: tuple[int, ...]
    cold_limits_mk: tuple[int, ...]
    payload_node: int
    accelerator: str
    shielding_um: int = 0
    devices: tuple[str, ...] = ()


class StationDescribed(Base, frozen=True):
    """Where a station is and whose law holds there."""

    latitude_udeg: int
    longitude_udeg: int
    mask_mdeg: int
    jurisdiction: str


class NodeStarted(Base, frozen=True):
    """The node's software began, for the `boot`-th time, with this key and this much saved."""

    boot: int
    public_key: str
    saved_keys: int
    saved_bytes: int


class FaultInjected(Base, frozen=True):
    """The mission's timeline broke something on purpose."""

    fault: str
    text: str


# The World ----------------------------------------------------------------------------------------------------------


class Telemetry(Base, frozen=True):
    """Readings as the node got them."""

    charge_ppm: int
    generated_mw: int
    load_mw: int
    sunlit_ppm: int
    temperatures_mk: tuple[int, ...]
    latitude_udeg: int
    longitude_udeg: int
    height_m: int
    dose_urad: int = -1
    """µrad(Si), 10 nGy, behind the satellite's shielding since the mission's start; −1 where nobody knows."""


class LightChanged(Base, frozen=True):
    """The satellite crossed a shadow boundary: `sunlight`, `penumbra` or `umbra` from now on."""

    phase: str


class AnomalyCrossed(Base, frozen=True):
    """The satellite entered (`inside`) or left the South Atlantic Anomaly: protons above 30 MeV over 1 cm⁻² s⁻¹."""

    inside: bool


class Upset(Base, frozen=True):
    """A particle upset a device on board; `bit` is which of its memory's, −1 where it has none to name.

    No job is harmed by it yet.
    """

    device: str
    effect: str
    latitude_udeg: int
    longitude_udeg: int
    height_m: int
    in_anomaly: bool
    bit: int


class BrownOut(Base, frozen=True):
    """The bus could not feed the platform and went `down` with all its loads, or is up again; unserved since the
    start.
    """

    down: bool
    unserved_mj: int


class LoadsShed(Base, frozen=True):
    """The bus switched classes of loads off or on by itself, by the charge: what has no power now (nothing: all has).

    `severity` as of F Prime's events: `warning` while anything is off, `activity` when all is on again.
    """

    severity: str
    off: tuple[str, ...]
    charge_ppm: int


class SafeMode(Base, frozen=True):
    """The satellite's software entered safe mode (`active`) or left it, and why."""

    severity: str
    active: bool
    why: Why


class EnergyAccount(Base, frozen=True):
    """A satellite's energy from start to end, and how far it is from adding up, in parts per 10¹² of all there was.

    Generated = load + losses + stored + curtailed. What was asked and not given: `unserved` by a bus that was on,
    `shed` by classes that were off. With the battery's health: capacity and resistance relative to new.
    """

    generated_mj: int
    load_mj: int
    losses_mj: int
    stored_mj: int
    curtailed_mj: int
    unserved_mj: int
    shed_mj: int
    residual_ppt: int
    capacity_ppm: int
    resistance_ppm: int


class ContactOpened(Base, frozen=True):
    """The node may send to `peer` until `until`: `capacity_bytes` in all, at most at `rate_bps`.

    `doppler_hz` and `doppler_rate_hz_s` are the largest shift and its fastest change, 0 where no frequency is known.
    """

    peer: str
    band: str
    rate_bps: int
    until: int
    elevation_mdeg: int
    capacity_bytes: int = 0
    doppler_hz: int = 0
    doppler_rate_hz_s: int = 0


class ContactClosed(Base, frozen=True):
    """The contact is over; what this node sent on it."""

    peer: str
    frames: int
    sent_bytes: int


class WeatherOutage(Base, frozen=True):
    """Rain or cloud over the station (`node`) cut the link with `peer` in `band` (`down`), or no longer does.

    `rain_mdb` and `cloud_mdb` are what they take at this moment, in thousandths of a decibel; -1 stands for cloud that
    stops light altogether. A pass that begins or ends in rain says so at its first and last instant.
    """

    peer: str
    band: str
    down: bool
    rain_mdb: int
    cloud_mdb: int


# The network --------------------------------------------------------------------------------------------------------


class BundleCreated(Base, frozen=True):
    """A node made a bundle."""

    bundle: str
    destination: str
    size_bytes: int
    purpose: str


class BundleSent(Base, frozen=True):
    """A bundle (or fragment) was put on the contact to `peer`; `attempt` counts from 1."""

    bundle: str
    peer: str
    size_bytes: int
    attempt: int


class BundleReceived(Base, frozen=True):
    """A bundle arrived whole over a link."""

    bundle: str
    peer: str
    size_bytes: int


class BundleDelivered(Base, frozen=True):
    """A bundle reached its destination; `delay_ms` since its creation."""

    bundle: str
    source: str
    size_bytes: int
    delay_ms: int


class BundleFragmented(Base, frozen=True):
    """A bundle was cut because the pass is too short for it."""

    bundle: str
    parts: tuple[str, ...]
    why: Why


class BundleWaits(Base, frozen=True):
    """A bundle was left in the store: no room in this contact, no route, or not acknowledged."""

    bundle: str
    why: Why


class BundleDropped(Base, frozen=True):
    """A bundle left the store undelivered (expired, refused, malformed)."""

    bundle: str
    why: Why


class FrameLost(Base, frozen=True):
    """A frame did not arrive: the contact closed, the receiver was down or a fault ate it."""

    peer: str
    size_bytes: int
    reason: str


class FrameRefused(Base, frozen=True):
    """Bytes from a peer broke the protocol."""

    peer: str
    size_bytes: int
    check: str
    detail: str


# Jobs ---------------------------------------------------------------------------------------------------------------


class JobSubmitted(Base, frozen=True):
    """A job entered the system at `node` (a station, or a satellite for one raised on board)."""

    job: str
    name: str
    artefact: str
    target: str
    input_bytes: int
    deadline: int
    executed: bool


class JobAccepted(Base, frozen=True):
    """A satellite took the job and promises its result by `promised`."""

    job: str
    promised: int
    why: Why


class JobRefused(Base, frozen=True):
    """The Governor said no for good."""

    job: str
    why: Why


class JobDeferred(Base, frozen=True):
    """The Governor said not now; it asks again at `until` or when something changes."""

    job: str
    until: int
    why: Why


class JobStarted(Base, frozen=True):
    """The accelerator began; `throttled` with its Why."""

    job: str
    accelerator: str
    expected_ns: int
    throttled: bool
    why: Why


class JobStopped(Base, frozen=True):
    """A run was abandoned before its end (heat, reserve, reboot); the job waits again."""

    job: str
    why: Why


class JobFinished(Base, frozen=True):
    """The accelerator is done."""

    job: str
    output: str
    output_bytes: int
    operations: int
    fuel: int
    duration_ns: int
    energy_mj: int
    executed: bool
    throttled: bool


class JobFailed(Base, frozen=True):
    """The artefact itself failed: fuel, memory, trap, shape, …"""

    job: str
    failure: str


class ReceiptSigned(Base, frozen=True):
    """The receipt's JSON as signed; `digest` names it."""

    job: str
    digest: str
    receipt: str


class ResultDelivered(Base, frozen=True):
    """The submitter has the result, and its receipt verified there (`why` says how)."""

    job: str
    executor: str
    output: str
    output_bytes: int
    delay_ms: int
    why: Why


# Ethereum -----------------------------------------------------------------------------------------------------------


class WalletBorn(Base, frozen=True):
    """The satellite made its key; only the address leaves."""

    address: str


class WalletWiped(Base, frozen=True):
    """On an order that the operator's account signed, the device key was erased: nothing is signed any more."""

    address: str
    operator: str


class TransactionSigned(Base, frozen=True):
    """An EIP-1559 transaction signed on board; wei as text (beyond 2^53).

    `proved_slot`: the verified head under which balance, nonce and the recipient's code were proved; −1: none was.
    """

    hash: str
    sender: str
    to: str
    value_wei: str
    nonce: int
    chain_id: int
    proved_slot: int = -1


class TransactionRefused(Base, frozen=True):
    """The wallet's policy, or the chain, said no."""

    hash: str
    why: Why


class TransactionSettled(Base, frozen=True):
    """The chain executed it; `proved_slot`: the head under which that was proved on board, −1 where it is only told."""

    hash: str
    status: int
    block: int
    gas_used: int
    chain: str
    proved_slot: int = -1


class TransactionHanded(Base, frozen=True):
    """Somebody handed a signed transaction over, to be broadcast by a station that is not in a `forbidden` place."""

    hash: str
    sender: str
    to: str
    value_wei: str
    nonce: int
    chain_id: int
    forbidden: tuple[str, ...]


class TransactionReturned(Base, frozen=True):
    """The sender's station knows what became of it: `status` 1, 0 (reverted) or −1 (no block has it); `why` says if
    that was proved or claimed."""

    hash: str
    status: int
    block: int
    gas_used: int
    delay_ms: int
    proof_bytes: int
    why: Why


class HeadAdvanced(Base, frozen=True):
    """The light client verified data and moved; `rotated` when the sync committee changed.

    `size_bytes` is what came up for it, proofs included; `energy_uj` what the radio took to receive that and the
    computer to check it. `network` is the chain's name.
    """

    source: str
    period: int
    finalized_slot: int
    optimistic_slot: int
    finalized_root: str
    participants: int
    rotated: bool
    size_bytes: int
    lag_s: int
    network: str = "mainnet"
    energy_uj: int = 0


class UpdateRefused(Base, frozen=True):
    """The light client refused data, or a proof under its head; `check` names the check that failed."""

    source: str
    check: str
    detail: str
    network: str = "mainnet"


Entry = (
    FlightStarted
    | FlightEnded
    | SatelliteDescribed
    | StationDescribed
    | NodeStarted
    | FaultInjected
    | Telemetry
    | LightChanged
    | AnomalyCrossed
    | Upset
    | BrownOut
    | LoadsShed
    | SafeMode
    | EnergyAccount
    | ContactOpened
    | ContactClosed
    | WeatherOutage
    | BundleCreated
    | BundleSent
    | BundleReceived
    | BundleDelivered
    | BundleFragmented
    | BundleWaits
    | BundleDropped
    | FrameLost
    | FrameRefused
    | JobSubmitted
    | JobAccepted
    | JobRefused
    | JobDeferred
    | JobStarted
    | JobStopped
    | JobFinished
    | JobFailed
    | ReceiptSigned
    | ResultDelivered
    | WalletBorn
    | WalletWiped
    | TransactionSigned
    | TransactionRefused
    | TransactionSettled
    | TransactionHanded
    | TransactionReturned
    | HeadAdvanced
    | UpdateRefused
)
