"""From a loaded mission to a carrier that is ready to begin: nodes' settings, artefacts, timeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from orbitalcloud.compute import (
    Artefact,
    Job,
    JobLimits,
    Limits,
    Request,
    encode_request,
    public_key,
    signing_key,
    workload,
)
from orbitalcloud.compute.guards import ranges_of
from orbitalcloud.compute.policies import parse_policy
from orbitalcloud.core import (
    HOUR,
    MINUTE,
    SECOND,
    DataError,
    Instant,
    MissionError,
    RemoteProtocolError,
    Seed,
    digest_of,
    from_hex,
    records,
)
from orbitalcloud.core.events import Commanded
from orbitalcloud.ethereum import MAINNET
from orbitalcloud.ethereum.outline import MAX_FILE_BYTES, outline, signed_bytes
from orbitalcloud.ethereum.signed_text import parse_signature
from orbitalcloud.mission import Craft, Loaded, Task, faults, mission_error, types
from orbitalcloud.mission.errands import Transaction
from orbitalcloud.mission.files import read_bytes
from orbitalcloud.mission.physical import ZERO_CELSIUS_K, accelerator_of, battery_of, node_index
from orbitalcloud.network import ContactPlan, Petnames
from orbitalcloud.node import (
    CallOff,
    EnergyFacts,
    GovernorLimits,
    NetworkFacts,
    Node,
    NoticeFacts,
    Pay,
    Satellite,
    SatelliteConfig,
    SendTransaction,
    SendUpdate,
    Station,
    StationConfig,
    SubmitJob,
    VerificationFacts,
    WipeWallet,
    encode_order,
)
from orbitalcloud.node.orders import Access, Call
from orbitalcloud.twin.build_chain import (
    beacon_of,
    daily_limit_wei,
    following,
    lies_of,
    paying_facts,
    uplink_uj_per_byte,
)
from orbitalcloud.twin.build_checks import copies_of, sound_outputs
from orbitalcloud.twin.build_faults import (
    Meddling,
    NetworkFault,
    meddlers,
    schedule_messages,
    schedule_network_fault,
    string_loss,
)
from orbitalcloud.twin.build_network import network_facts
from orbitalcloud.twin.build_settlement import founding_of, office, proposals, satellite_lies, settled
from orbitalcloud.twin.carrier import Carrier
from orbitalcloud.twin.devnet import DevBeacon
from orbitalcloud.twin.founding import Founding
from orbitalcloud.twin.gateway import Gateway
from orbitalcloud.twin.keystores import KeyStore
from orbitalcloud.twin.liar import Lie, LyingSatellite, LyingStation
from orbitalcloud.twin.medium import Loss
from orbitalcloud.twin.timeline import (
    LightTurns,
    LinkCloses,
    LinkOpens,
    NodeRestarts,
    SensorsDue,
    StringsFail,
    WeatherTurns,
)
from orbitalcloud.twin.world import World

INLINE_BYTES = 262_144
"""An artefact up to this size travels with its job; a larger one is loaded before launch."""

THROTTLE_BELOW_LIMIT_K = 10.0
"""Runs start throttled this far below the payload's hot limit; an assumption, the habit of Jetson's own governor."""

GWEI = 10**9


@dataclass(frozen=True)
class Work:
    """A task's artefact and inputs, read and checked."""

    artefact: Artefact | None
    inputs: tuple[bytes, ...]
    limits: Limits

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """The inputs' names."""
        return tuple(digest_of(data) for data in self.inputs)


@dataclass(slots=True)
class Fleet:
    """Builds nodes by name, at the first start and after every reboot; what they share is made once."""

    loaded: Loaded
    plan: ContactPlan = field(repr=False)
    artefacts: dict[str, Artefact] = field(repr=False)
    on_board: frozenset[str]
    terminals_mw: dict[str, dict[str, int]] = field(repr=False, default_factory=dict)
    """What each satellite's terminals take, by the satellite that they point to."""
    configs: dict[str, SatelliteConfig | StationConfig] = field(repr=False, default_factory=dict)
    lies: dict[str, tuple[Lie, ...]] = field(repr=False, default_factory=dict)
    beacon: DevBeacon | None = field(repr=False, default=None)
    """The beginning of the chain that the mission pays on, where it is the in-process one."""
    network: NetworkFacts = field(repr=False, default_factory=NetworkFacts)
    meddlers: dict[str, Meddling] = field(repr=False, default_factory=dict)
    founding: Founding | None = field(repr=False, default=None)
    """The contracts that stand on it from then on."""

    def __call__(self, name: str) -> Node:
        node = self._node(name)
        node.agent.meddle = self.meddlers.get(name)
        return node

    def _node(self, name: str) -> Node:
        config = self.configs[name]
        if isinstance(config, SatelliteConfig):
            if name in self.lies:
                return LyingSatellite(config, self.artefacts, self.lies[name])
            return Satellite(config, self.artefacts)
        return LyingStation(config, self.lies[name]) if name in self.lies else Station(config)


def fleet_of(loaded: Loaded, world: World, seed: int | None = None) -> tuple[Fleet, dict[str, Work]]:
    """What nodes are built from, and the work of each task, both from the mission alone and its seed."""
    root = Seed.of(loaded.mission.seed if seed is None else seed)
    beacon, founding = beacon_of(loaded, root), founding_of(loaded, root)
    work = {}
    for index, task in enumerate(loaded.tasks):
        with _blamed(loaded, "job", index, "input" if task.inputs else "artefact"):
            work[task.name] = _work(loaded, task)
    artefacts = {item.artefact.digest: item.artefact for item in work.values() if item.artefact is not None}
    on_board = frozenset(
        item.artefact.digest
        for task in loaded.tasks
        if (item := work[task.name]).artefact is not None
        and (task.submit_at == "on-board" or len(item.artefact.data) > INLINE_BYTES)
    )
    fleet = Fleet(loaded, ContactPlan(world.contacts()), artefacts, on_board)
    names = (*world.names, *(ground.name for ground in loaded.stations))
    fleet.network, fleet.meddlers = network_facts(loaded, names, root), meddlers(loaded, root)
    for channel in loaded.channels:
        if channel.limits is not None:
            fleet.terminals_mw.setdefault(channel.sender, {})[channel.receiver] = round(channel.transmit_w * 1000)
    sunlight = world.sunlight()
    facts = _verification(loaded)
    paying = paying_facts(loaded, beacon)
    for craft in loaded.satellites:
        config = _satellite(loaded, craft, fleet, world, sunlight[craft.name], facts)
        if paying is not None:
            config = following(loaded, config, paying)
        fleet.configs[craft.name] = settled(loaded, config, founding) if founding is not None else config
    for ground in loaded.stations:
        chain = _chain_name(loaded)
        config_of_chain = beacon.config if beacon is not None else None
        station = StationConfig(ground.name, fleet.plan, world.names, chain, config_of_chain, network=fleet.network)
        fleet.configs[ground.name] = office(loaded, station, founding) if founding is not None else station
    if loaded.mission.notices.enabled:
        _give_notices(fleet, loaded, seed)
    fleet.lies.update(lies_of(loaded) | satellite_lies(loaded))
    fleet.founding = founding
    fleet.beacon = beacon
    return fleet, work


def _give_notices(fleet: Fleet, loaded: Loaded, seed: int | None) -> None:
    """Every node gets a notice desk, and the names that the keys of this seed are known by (decision 13)."""
    root, asked = Seed.of(loaded.mission.seed if seed is None else seed), loaded.mission.notices
    names = Petnames()
    for name in fleet.configs:
        born = signing_key(root.child(name).child("entropy").bytes(32, 1))
        names.add(name, bytes.fromhex(public_key(born)))
    laws = {ground.name: ground.jurisdiction for ground in loaded.stations}
    for name, config in fleet.configs.items():
        facts = NoticeFacts(
            names=names,
            plan=fleet.plan,
            every_ns=round(asked.every_min * MINUTE),
            contact_bytes=asked.contact_bytes,
            jurisdiction=laws.get(name, ""),
            price_gwei_per_kj=asked.price_gwei_per_kj,
        )
        fleet.configs[name] = replace(config, notices=facts)


def carrier_of(loaded: Loaded, seed: int, keys: KeyStore | None = None) -> tuple[Carrier, Fleet]:
    """Everything that a flight of this mission needs, before its first event; `keys` None: device keys of the seed."""
    world = World(loaded, seed)
    fleet, work = fleet_of(loaded, world, seed)
    telemetry_ns = loaded.mission.telemetry_s * SECOND
    carrier = Carrier(fleet, world, _gateway(loaded, fleet), dict(fleet.artefacts), Seed.of(seed), telemetry_ns)
    carrier.keys = keys or carrier.keys
    carrier.sealed = loaded.mission.network.security == "sealed"
    for opening in world.openings():
        contact = opening.contact
        if contact.opens < loaded.ends:
            carrier.push(contact.opens, contact.sender, LinkOpens(contact, opening.until))
            carrier.push(opening.until, contact.sender, LinkCloses(contact))
    for outage in world.outages():
        if outage.begins < loaded.ends:
            for at, down, k in ((outage.begins, True, 0), (outage.ends, False, 1)):
                turn = WeatherTurns(outage.peer, outage.band, down, outage.rain_mdb[k], outage.cloud_mdb[k])
                carrier.push(at, outage.station, turn)
    for at, name, phase in world.light_turns():
        carrier.push(at, name, LightTurns(phase))
    for at, name, event in world.exposure.happenings(carrier.seed):
        carrier.push(at, name, event)
    for name in (*world.names, *(ground.name for ground in loaded.stations)):
        carrier.begin(name)
    for name in world.names:
        carrier.push(Instant(loaded.starts + telemetry_ns), name, SensorsDue())
    _schedule(carrier, loaded, work, fleet)
    schedule_messages(carrier, loaded)
    for at, name, command in proposals(loaded, fleet.founding):
        carrier.push(at, name, command)
    return carrier, fleet


def describe(world: World, loaded: Loaded) -> Iterator[records.Entry]:
    """The entries that say what flies, so that a reader of the Log needs no mission file."""
    at = loaded.starts
    for craft in loaded.satellites:
        yield records.SatelliteDescribed(
            at=at,
            node=craft.name,
            bus=craft.bus_name,
            orbit=craft.orbit_text,
            period_ms=world.period_ns(craft.name) // 1_000_000,
            inclination_mdeg=world.inclination_mdeg(craft.name),
            battery_mj=round(battery_of(craft.bus).usable_j * 1000),
            reserve_ppm=round(craft.reserve * 1e6),
            array_mw=world.array_mw(craft.name),
            thermal_nodes=tuple(node.name for node in craft.bus.heat),
            hot_limits_mk=tuple(round((node.hot_limit_c + ZERO_CELSIUS_K) * 1000) for node in craft.bus.heat),
            cold_limits_mk=tuple(round((node.cold_limit_c + ZERO_CELSIUS_K) * 1000) for node in craft.bus.heat),
            payload_node=_payload_node(craft),
            accelerator=craft.accelerator_name,
            shielding_um=round(craft.bus.shielding_mm * 1000),
            devices=craft.devices,
        )
    for ground in loaded.stations:
        yield records.StationDescribed(
            at=at,
            node=ground.name,
            latitude_udeg=round(ground.latitude_deg * 1e6),
            longitude_udeg=round(ground.longitude_deg * 1e6),
            mask_mdeg=round(ground.mask_deg * 1e3),
            jurisdiction=ground.jurisdiction,
        )


# Settings -----------------------------------------------------------------------------------------------------------


def _payload_node(craft: Craft) -> int:
    return node_index(craft, "payload")


def _satellite(
    loaded: Loaded,
    craft: Craft,
    fleet: Fleet,
    world: World,
    sunlight: tuple[tuple[int, int], ...],
    facts: VerificationFacts | None,
) -> SatelliteConfig:
    payload = _payload_node(craft)
    node = craft.bus.heat[payload]
    hot_k = min(node.hot_limit_c, craft.accelerator.hot_limit_c) + ZERO_CELSIUS_K
    accelerator = accelerator_of(craft)
    idle_mw = round((craft.bus.idle_w + accelerator.idle_w) * 1000)
    ethereum = loaded.mission.ethereum
    payments = [item for item in loaded.mission.payment if item.satellite == craft.name]
    return SatelliteConfig(
        name=craft.name,
        planner=craft.planner or loaded.mission.planning.planner,
        plan=fleet.plan,
        accelerator=accelerator,
        governor=GovernorLimits(
            reserve_ppm=round(craft.reserve * 1e6),
            payload_node=payload,
            hot_mk=round(hot_k * 1000),
            throttle_mk=round((hot_k - THROTTLE_BELOW_LIMIT_K) * 1000),
        ),
        energy=EnergyFacts(
            battery_mj=round(battery_of(craft.bus).usable_j * 1000),
            array_mw=world.array_mw(craft.name),
            idle_mw=idle_mw,
            sunlight=sunlight,
        ),
        platform_mw=round(craft.bus.idle_w * 1000),
        radio_mw=round(craft.bus.radio_tx_w * 1000),
        safe_below_ppm=round(craft.safe_below * 1e6),
        safe_above_ppm=round(craft.safe_above * 1e6),
        safe_mw=round(craft.safe_w * 1000),
        terminals_mw=fleet.terminals_mw.get(craft.name, {}),
        artefacts=fleet.on_board,
        verification=facts,
        payees=frozenset(payment.to for payment in payments),
        chain_ids=frozenset() if ethereum is None else frozenset({ethereum.chain_id}),
        daily_limit_wei=daily_limit_wei(loaded),
        uplink_uj_per_byte=uplink_uj_per_byte(fleet.plan, craft),
        jurisdictions={} if ethereum is None else {one.name: one.jurisdiction for one in loaded.stations},
        operator="" if ethereum is None or ethereum.operator is None else ethereum.operator,
        network=fleet.network,
    )


def _chain_name(loaded: Loaded) -> str:
    ethereum = loaded.mission.ethereum
    if ethereum is None:
        return ""
    kind = "in-process EVM with a development beacon chain" if ethereum.chain == "in-process" else "JSON-RPC node"
    return f"{kind}, chain {ethereum.chain_id}"


def _verification(loaded: Loaded) -> VerificationFacts | None:
    ethereum = loaded.mission.ethereum
    if ethereum is None:
        return None
    with _blamed(loaded, "ethereum", "bootstrap"):
        bootstrap = read_bytes(ethereum.bootstrap, loaded.folder)
    return VerificationFacts(MAINNET, from_hex(ethereum.checkpoint, 32), bootstrap)


def _gateway(loaded: Loaded, fleet: Fleet) -> Gateway | None:
    ethereum = loaded.mission.ethereum
    if ethereum is None:
        return None
    funded_wei = round(ethereum.funded_eth * 1e18)
    return Gateway(ethereum.chain, ethereum.chain_id, funded_wei, loaded.starts, fleet.beacon, fleet.founding)


@contextmanager
def _blamed(loaded: Loaded, *path: str | int) -> Iterator[None]:
    """What goes wrong inside is told at the mission's line that asked for it."""
    try:
        yield
    except MissionError:
        raise
    except DataError as error:
        raise mission_error(loaded, path, error) from None


# Work and timeline --------------------------------------------------------------------------------------------------


def _work(loaded: Loaded, task: Task) -> Work:
    if task.operations:
        return Work(None, (bytes(task.input_bytes),), Limits())
    if task.workload:
        item = workload(task.workload)
        fuel = min(task.fuel_limit, item.limits.fuel)
        limits = Limits(fuel, min(task.memory_limit_bytes, item.limits.memory_bytes), item.limits.output_bytes)
        inputs = tuple(read_bytes(name, loaded.folder) for name in task.inputs) or tuple(item.inputs())
        return Work(item.artefact(), inputs, limits)
    inputs = tuple(read_bytes(name, loaded.folder) for name in task.inputs)
    if not inputs:
        raise DataError(f"job {task.name}", "no input", 'name its input files: input = ["…"]')
    artefact = Artefact.of(read_bytes(task.path, loaded.folder), task.path)
    return Work(artefact, inputs, Limits(task.fuel_limit, task.memory_limit_bytes))


def _instants(world: World, task: Task, satellite: str, ends: Instant) -> Iterator[Instant]:
    if task.at:
        yield from (at for at in task.at if at < ends)
        return
    period_ns = task.period_ns or world.period_ns(satellite)
    at = task.starts
    while at < ends:
        yield at
        at = Instant(at + period_ns)


def _schedule(carrier: Carrier, loaded: Loaded, work: dict[str, Work], fleet: Fleet) -> None:
    for index, task in enumerate(loaded.tasks):
        with _blamed(loaded, "job", index, "submit_at"):
            _schedule_task(carrier, loaded, task, work[task.name], fleet.on_board)
    ethereum = loaded.mission.ethereum
    for index, update in enumerate(ethereum.updates if ethereum else ()):
        with _blamed(loaded, "ethereum", "updates", index, "file"):
            data = read_bytes(update.file, loaded.folder)
        for craft in loaded.satellites:
            label = update.file.removeprefix("packaged:").removesuffix(".ssz")
            order = SendUpdate(craft.name, label, data)
            carrier.push(_after(loaded, update.at_h), update.station, Commanded("send-update", encode_order(order)))
    for payment in loaded.mission.payment:
        assert ethereum is not None, "the mission's checks ask for a chain where there is a payment"
        carrier.push(_after(loaded, payment.at_h), payment.station, Commanded("pay", _pay(payment, ethereum)))
    for index, item in enumerate(loaded.mission.transaction):
        with _blamed(loaded, "transaction", index, "raw" if item.raw else "file"):
            _schedule_transaction(carrier, loaded, item)
    for index, wipe in enumerate(loaded.mission.wipe):
        with _blamed(loaded, "wipe", index, "signature"):
            order_to_wipe = encode_order(WipeWallet(wipe.satellite, parse_signature(wipe.signature)))
        carrier.push(_after(loaded, wipe.at_h), wipe.station, Commanded("wipe-wallet", order_to_wipe))
    for index, fault in enumerate(loaded.mission.fault):
        with _blamed(loaded, "fault", index, _blame(fault)):
            if isinstance(fault, NetworkFault):
                schedule_network_fault(carrier, loaded, fault, fleet.plan)
            else:
                _schedule_fault(carrier, loaded, fault)


def _schedule_transaction(carrier: Carrier, loaded: Loaded, item: Transaction) -> None:
    """Somebody's own transaction: its account gets its coins with the in-process chain's genesis."""
    raw = signed_bytes(read_bytes(item.file, loaded.folder, MAX_FILE_BYTES) if item.file else (item.raw or "").encode())
    try:
        sender = outline(raw).sender
    except RemoteProtocolError as error:
        raise DataError("transaction", error.detail, "give bytes that `orbital wallet sign` printed") from None
    if carrier.gateway is not None:
        carrier.gateway.fund(sender)
    on_board = item.submit_at in carrier.world.names
    target = item.satellite
    if on_board:
        if not loaded.stations:
            raise DataError("transaction", "no station", "what becomes of it needs one to go to: add a [[station]]")
        target = loaded.stations[0].name
    order = SendTransaction(target, raw, item.forbidden)
    carrier.push(_after(loaded, item.at_h), item.submit_at, Commanded("send-transaction", encode_order(order)))


def _blame(fault: faults.Fault) -> str:
    """The key that most likely is wrong where a fault cannot be scheduled."""
    if isinstance(fault, faults.ArrayStringLoss):
        return "strings"
    return "byte" if isinstance(fault, faults.TamperedUpdate) else "target"


def _after(loaded: Loaded, hours: float) -> Instant:
    return Instant(loaded.starts + round(hours * HOUR))


def _schedule_task(carrier: Carrier, loaded: Loaded, task: Task, item: Work, on_board: frozenset[str]) -> None:
    home = loaded.stations[0].name if loaded.stations else ""
    raised = task.submit_at == "on-board"
    if raised and not home:
        raise DataError(
            f"job {task.name}", "no station", "its results need one to go to: add a [[station]] and a [[link]]"
        )
    if "range" in task.guards and item.artefact is not None:
        carrier.ranges[item.artefact.digest] = ranges_of(sound_outputs(item.artefact, item.inputs, item.limits))
    policy = parse_policy(task.verify)
    if policy.copies > len(carrier.world.names):
        raise DataError(f"job {task.name}", f"verify = {task.verify!r}", "it needs as many satellites: add some")
    targets = [task.target]
    if raised and task.target == "any":
        targets = list(carrier.world.names)
    for target in targets:
        orbit_of = target if target != "any" else carrier.world.names[0]
        for number, at in enumerate(_instants(carrier.world, task, orbit_of, loaded.ends), 1):
            many = raised and len(targets) > 1
            name = f"{task.name}-{target}-{number:03d}" if many else f"{task.name}-{number:03d}"
            reply_to = home if raised else task.submit_at
            job = _job(task, item, name, at, number, reply_to)
            data = item.inputs[(number - 1) % len(item.inputs)]
            inline = None
            if item.artefact is not None and item.artefact.digest not in on_board:
                inline = item.artefact.data
            for copy, place in copies_of(carrier, policy, job, target, number):
                order = SubmitJob(place, encode_request(Request(copy, data, inline)))
                carrier.push(at, place if raised else task.submit_at, Commanded("submit-job", encode_order(order)))


def _job(task: Task, item: Work, name: str, at: Instant, number: int, reply_to: str) -> Job:
    limits = item.limits
    return Job(
        id=name,
        name=task.name,
        artefact=item.artefact.digest if item.artefact else digest_of(b"modelled"),
        input=item.digests[(number - 1) % len(item.inputs)],
        deadline=at + task.deadline_ns,
        reply_to=reply_to,
        value=task.value,
        verification=task.verify,
        limits=JobLimits(limits.fuel, limits.memory_bytes, limits.output_bytes, limits.operations),
        modelled_operations=task.operations,
        modelled_integer=task.integer,
        modelled_output_bytes=task.output_bytes,
        guards=task.guards if item.artefact is not None else (),
    )


def _pay(payment: types.Payment, ethereum: types.Ethereum) -> bytes:
    more: dict[str, Any] = {}
    if payment.data != "0x" or payment.access_list or payment.delegate is not None:
        kind = 4 if payment.delegate is not None else 1 if payment.access_list else 2
        access = tuple(Access(one.address, tuple(from_hex(k, 32) for k in one.slots)) for one in payment.access_list)
        more = {"data": from_hex(payment.data), "kind": kind, "access": access, "delegate": payment.delegate or ""}
    order = (Call if more else Pay)(
        target=payment.satellite,
        reply_to=payment.station,
        to=payment.to,
        value_wei=str(payment.value_gwei * GWEI),
        max_fee_per_gas_wei=str(payment.max_fee_gwei * GWEI),
        max_priority_fee_per_gas_wei=str(payment.priority_fee_gwei * GWEI),
        gas=payment.gas,
        chain_id=ethereum.chain_id,
        **more,
    )
    return encode_order(order)


def _schedule_fault(carrier: Carrier, loaded: Loaded, fault: faults.Fault) -> None:
    at = _after(loaded, fault.at_h)
    match fault:
        case faults.Reboot():
            text = "the node restarts: what it had not saved is lost"
            carrier.push(at, fault.target, NodeRestarts(text))
        case faults.ArrayStringLoss():
            fraction, text = string_loss(loaded, fault)
            ppm = round(fraction * 1e6)
            carrier.push(at, fault.target, StringsFail(text, ppm))
        case faults.FrameLoss():
            loss = Loss(fault.target, at, _until(at, fault.duration_min), fault.loss_ppm)
            text = f"{fault.loss_ppm / 1e4:g} % of frames are lost for {fault.duration_min:g} min"
            carrier.trouble(loss, "frame-loss", text)
        case faults.StationOutage():
            loss = Loss(fault.target, at, _until(at, fault.duration_min), 1_000_000)
            if fault.announced_min is not None:
                told = Instant(max(loaded.starts + SECOND, at - round(fault.announced_min * 60) * SECOND))
                off = CallOff("", at // SECOND, -(-loss.ends // SECOND), "out, as announced")
                carrier.push(told, fault.target, Commanded("call-off", encode_order(off)))
            carrier.trouble(loss, "station-outage", f"neither sends nor receives for {fault.duration_min:g} min")
        case faults.BlocksTransactions():
            carrier.medium.blocks.append(Loss(fault.target, at, _until(at, fault.duration_min), 1_000_000))
            text = f"cannot speak to the chain for {fault.duration_min:g} min"
            carrier.announce(at, fault.target, "blocks-transactions", text, _until(at, fault.duration_min))
        case faults.LyingStation():
            text = f"it forges what it brings of the chain for {fault.duration_min:g} min: {fault.lie}"
            carrier.announce(at, fault.target, "lying-station", text, _until(at, fault.duration_min))
        case faults.TamperedBundle():
            text = f"it alters what it passes on for others for {fault.duration_min:g} min"
            carrier.announce(at, fault.target, "tampered-bundle", text, _until(at, fault.duration_min))
        case faults.LyingSatellite():
            text = f"it lies about its work for {fault.duration_min:g} min: {fault.lie}"
            carrier.announce(at, fault.target, "lying-satellite", text, _until(at, fault.duration_min))
        case faults.ForgedProposal():
            text = f"{fault.station} asks it to co-sign {fault.value_gwei} gwei to {fault.to}, which no owner proposed"
            carrier.announce(at, fault.target, "forged-proposal", text)
        case faults.RogueOwners():
            text = f"both owners on the ground propose {fault.value_gwei} gwei to {fault.to}"
            carrier.announce(at, fault.target, "rogue-owners", text)
        case faults.TamperedUpdate():
            raw = bytearray(read_bytes(fault.file, loaded.folder))
            if fault.byte >= len(raw):
                raise DataError(f"fault tampered-update: byte of {fault.file}", fault.byte, f"below {len(raw)}")
            raw[fault.byte] ^= 0xFF
            label = f"tampered {fault.file.removeprefix('packaged:').removesuffix('.ssz')}"
            order = SendUpdate(fault.target, label, bytes(raw))
            text = f"{fault.station} sends {fault.file} with byte {fault.byte} inverted"
            carrier.announce(at, fault.target, "tampered-update", text)
            carrier.push(at, fault.station, Commanded("send-update", encode_order(order)))


def _until(at: Instant, minutes: float) -> Instant:
    return Instant(at + round(minutes * 60 * SECOND))
