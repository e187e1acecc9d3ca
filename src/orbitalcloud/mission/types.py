"""The mission file as types: what a person may write, with its bounds. `resolved.py` says what it becomes.

Units stand last in each key. Every bound here also stands in the JSON Schema that `schema.py` makes from these
classes; what one field cannot know by itself (references, exclusive choices, orbits) is in `check_values.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from orbitalcloud.mission.connectivity import Connectivity, Flow, Terminal
from orbitalcloud.mission.controls import Control
from orbitalcloud.mission.errands import Entry, Transaction, Wipe
from orbitalcloud.mission.faults import Fault
from orbitalcloud.mission.messages import Message
from orbitalcloud.mission.network import Network
from orbitalcloud.mission.notices import Notices
from orbitalcloud.mission.parts import (
    Account,
    Celsius,
    Hash,
    Hours,
    Name,
    NotNegative,
    Part,
    Positive,
    Share,
    Text,
)
from orbitalcloud.mission.planned import Planner, Planning
from orbitalcloud.mission.settlement import Cosign, Purse, Settlement

Degrees = Annotated[float, Meta(ge=-360, le=360)]
ShieldingMm = Annotated[
    float, Meta(ge=0.1, le=30, description="mm of aluminium all around, or of another wall of the same mass per area")
]
Direction = tuple[float, float, float]
Mount = Literal["sun-tracking", "one-axis", "body-fixed"]
Tracker = Literal["peak-power", "direct"]
Yearly = Annotated[float, Meta(ge=0, le=0.999, description="share lost a year")]
Gwei = Annotated[int, Meta(ge=0, le=10**15)]


# Where a satellite flies --------------------------------------------------------------------------------------------


class Orbit(Part, frozen=True, kw_only=True):
    """A designed orbit: mean elements at the epoch, which drift at the secular rates of J2, its square, J4 and J6.

    `altitude_km` is the mean semi-major axis less the Earth's equatorial radius (6378.137 km). The node is given by
    `ltan` (local mean solar time of the ascending node) or `raan_deg` (true equator and mean equinox, as in TEME);
    `phase_deg` is the argument of latitude at the epoch.
    """

    altitude_km: Annotated[float, Meta(ge=120, le=100_000)]
    inclination: Annotated[float, Meta(ge=0, le=180)] | Literal["sun-synchronous"]
    ltan: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM")] | None = None
    raan_deg: Degrees | None = None
    phase_deg: Degrees = 0.0
    eccentricity: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    argp_deg: Degrees = 0.0
    frozen: Annotated[bool, Meta(description="the eccentricity, about 0.001, whose perigee stands at 90°")] = False


class Walker(Part, frozen=True, kw_only=True):
    """A Walker constellation `inclination: total/planes/phasing`; `delta` spreads planes over 360°, `star` over 180°.

    It makes `total` satellites named NAME-001, NAME-002, … plane by plane. Source of the notation: J. G. Walker,
    "Satellite constellations", JBIS 37 (1984) 559.
    """

    total: Annotated[int, Meta(ge=1, le=10_000)]
    planes: Annotated[int, Meta(ge=1, le=1_000)]
    phasing: Annotated[int, Meta(ge=0, le=999)] = 0
    inclination_deg: Annotated[float, Meta(ge=0, le=180)]
    altitude_km: Annotated[float, Meta(ge=120, le=100_000)]
    pattern: Literal["delta", "star"] = "delta"
    raan_deg: Degrees = 0.0


class Cluster(Part, frozen=True, kw_only=True):
    """A cluster around `orbit`: satellites in its plane, neighbours `spacing_m` to twice that apart, for no propellant.

    It makes satellites named NAME-001, NAME-002, …; the first flies the orbit itself. See `physics.cluster`.
    """

    satellites: Annotated[int, Meta(ge=1, le=10_000)]
    spacing_m: Annotated[float, Meta(ge=1, le=10_000)]


# What a satellite is: changes to its catalogue bus ------------------------------------------------------------------


class ArrayChange(Part, frozen=True, kw_only=True):
    """Any of the bus's array values, replaced. `area_m2` is of all panels, which keep their proportions; `mount` holds
    for every panel."""

    area_m2: Positive | None = None
    mount: Mount | None = None
    efficiency: Share | None = None
    converter_efficiency: Share | None = None
    packing: Share | None = None
    temperature_coefficient_per_k: Annotated[float, Meta(ge=-0.02, le=0)] | None = None
    degradation_per_year: Yearly | None = None
    radiation_per_year: Yearly | None = None
    cycling_per_year: Yearly | None = None
    cell: Text | None = None
    tracker: Tracker | None = None
    strings: Annotated[int, Meta(ge=1, le=1000, description="side by side on each panel")] | None = None
    cells: Annotated[int, Meta(ge=1, le=1000, description="in series in each string")] | None = None
    wings: (
        Annotated[
            Literal["x", "y", "z", "apart"],
            Meta(description="body axis that the panels stretch along by turns, or so far apart that none is shadowed"),
        ]
        | None
    ) = None


class BatteryChange(Part, frozen=True, kw_only=True):
    """Any of the bus's battery values, replaced."""

    capacity_wh: Positive | None = None
    charge_efficiency: Share | None = None
    discharge_efficiency: Share | None = None
    max_charge_w: Positive | None = None
    max_discharge_w: Positive | None = None
    initial_charge: Share | None = None
    cell: Text | None = None
    series: Annotated[int, Meta(ge=1, le=1000, description="cells in series")] | None = None
    lock_out_c: Annotated[float, Meta(ge=-60, le=40, description="no charge below it")] | None = None
    cycles_per_day: Annotated[float, Meta(ge=0, le=100)] | None = None
    cycle_depth: Share | None = None
    mean_charge: Share | None = None
    mean_c: Annotated[float, Meta(ge=-40, le=80)] | None = None


class ShedChange(Part, frozen=True, kw_only=True):
    """States of charge below which the bus switches loads off by itself, the payload first; each goes on again
    `restore_by` above. After a brown-out nothing goes on below `restart`."""

    heating: Share | None = None
    radio: Share | None = None
    payload: Share | None = None
    restore_by: Annotated[float, Meta(gt=0, lt=1)] | None = None
    restart: Annotated[float, Meta(ge=0.001, lt=1)] | None = None


class Sight(Part, frozen=True, kw_only=True):
    """What a face sees of another node's outside: the view factor from the face to it, or the corners of what is seen
    (a flat polygon in body axes, in order), from which it is integrated; the face then has corners too."""

    node: Text
    view_factor: Annotated[float, Meta(gt=0, le=1)] | None = None
    corners_m: Annotated[tuple[Direction, ...], Meta(min_length=3, max_length=16)] | None = None


class Face(Part, frozen=True, kw_only=True):
    """Outer area of a thermal node, fixed to the body. `normal` points outwards in body axes, nadir-pointing: +x
    forward along the orbit, +y against the orbit's normal, +z to the Earth's centre.

    A `coating` of the catalogue gives absorptivity and emissivity, aged by the satellite's `age_years`; numbers
    beside it win. `sees` are other nodes in its view: it exchanges heat with them and sees that much less of space.
    """

    area_m2: Positive
    normal: Direction
    absorptivity: Share | None = None
    emissivity: Share | None = None
    coating: Text | None = None
    sees: Annotated[tuple[Sight, ...], Meta(max_length=16)] = ()
    corners_m: Annotated[tuple[Direction, ...], Meta(min_length=3, max_length=16)] | None = None


class Coupling(Part, frozen=True, kw_only=True):
    """A path of heat between two thermal nodes: conductive, radiative (ε A F of the pair), or both."""

    between: tuple[str, str]
    conductance_w_per_k: NotNegative = 0.0
    exchange_area_m2: NotNegative = 0.0


class Roles(Part, frozen=True, kw_only=True):
    """Which thermal node plays which part: where panels, platform, battery (the body unless named), payload and
    radiator are."""

    array: Text = "array"
    body: Text = "body"
    battery: Text | None = None
    payload: Text = "payload"
    radiator: Text = "radiator"


class HeatChange(Part, frozen=True, kw_only=True):
    """Any value of one thermal node of the bus, replaced; `faces` replaces them all. A name that the bus does not have
    adds a node, which needs its heat capacity and both limits."""

    heat_capacity_j_per_k: Positive | None = None
    hot_limit_c: Celsius | None = None
    cold_limit_c: Celsius | None = None
    initial_c: Celsius | None = None
    faces: tuple[Face, ...] | None = None


class Propulsion(Part, frozen=True, kw_only=True):
    """What moves the satellite: specific impulse, usable propellant (part of `mass_kg`) and, if known, thrust."""

    isp_s: Annotated[float, Meta(gt=0, le=20_000, description="specific impulse")]
    propellant_kg: NotNegative
    thrust_n: Positive | None = None


class Satellite(Part, frozen=True, kw_only=True):
    """A satellite (or, with `walker`, a constellation of like ones). Exactly one of orbit, tle, omm, oem, walker;
    `cluster` goes with `orbit`. `propagation` says how it is flown: `secular` by the model of its elements (mean
    rates of designs, SGP4), `numerical` by its forces from the mission's start."""

    name: Name
    bus: Text
    orbit: Orbit | None = None
    tle: Annotated[tuple[str, str], Meta(description="the two lines of 69 characters")] | None = None
    omm: Annotated[str, Meta(description="an OMM file (XML, KVN or JSON), relative to this file")] | None = None
    oem: Annotated[str, Meta(description="an OEM file (KVN or XML), relative to this file")] | None = None
    walker: Walker | None = None
    cluster: Cluster | None = None
    propagation: Literal["secular", "numerical"] = "secular"
    reserve: Annotated[float, Meta(ge=0, le=0.99, description="no job below this state of charge")] = 0.3
    planner: Annotated[Planner | None, Meta(description="instead of the mission's")] = None
    accelerator: Text | None = None
    age_years: Annotated[float, Meta(ge=0, le=30)] | None = None
    mass_kg: Positive | None = None
    idle_w: NotNegative | None = None
    radio_tx_w: NotNegative | None = None
    safe_below: Annotated[Share, Meta(description="state of charge for safe mode")] | None = None
    safe_above: Annotated[Share, Meta(description="state of charge that ends safe mode")] | None = None
    safe_w: NotNegative | None = None
    shed: ShedChange | None = None
    sun_axis: Annotated[Direction, Meta(description="body axis held to the Sun; nadir-pointing without")] | None = None
    drag_area_m2: Annotated[Positive, Meta(description="across the flow, attitude held; default from faces")] | None = (
        None
    )
    disposal_area_m2: Annotated[Positive, Meta(description="mean when tumbling; default from faces")] | None = None
    drag_coefficient: Annotated[float, Meta(gt=0, le=10)] | None = None
    srp_area_m2: Annotated[Positive, Meta(description="across the sunlight; default from faces")] | None = None
    srp_coefficient: Annotated[float, Meta(ge=1, le=2)] | None = None
    propulsion: Propulsion | None = None
    shielding_mm: ShieldingMm | None = None
    devices: Annotated[tuple[Text, ...], Meta(max_length=32)] | None = None
    array: ArrayChange | None = None
    battery: BatteryChange | None = None
    heat: Annotated[dict[str, HeatChange], Meta(description="thermal node name → changed or new values")] = {}  # noqa: RUF012  (a Struct copies it)
    coupling: Annotated[tuple[Coupling, ...], Meta(max_length=256)] = ()
    own_network: Annotated[bool, Meta(description="forget the bus's nodes, couplings and controls")] = False
    roles: Roles | None = None
    control: Annotated[tuple[Control, ...], Meta(max_length=32)] = ()


# The ground and the links -------------------------------------------------------------------------------------------


class Station(Part, frozen=True, kw_only=True):
    """A ground station: a catalogue `site`, or latitude and longitude (WGS 84, geodetic). Values here win."""

    name: Name
    site: Text | None = None
    latitude_deg: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude_deg: Annotated[float, Meta(ge=-180, le=360)] | None = None
    height_m: Annotated[float, Meta(ge=-500, le=9000)] | None = None
    mask_deg: Annotated[float, Meta(ge=0, lt=90)] | None = None
    jurisdiction: Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166 code of whose law holds")] | None = (
        None
    )
    air: Annotated[str, Meta(description="the catalogue site whose air and weather hold here; else the site's own")] | (
        None
    ) = None


Decibels = Annotated[float, Meta(ge=0, le=100, description="a loss, 0 to 100 dB")]
Gain = Annotated[float, Meta(ge=-30, le=100, description="dBi")]


class BudgetChange(Part, frozen=True, kw_only=True):
    """Any value of a catalogue radio's budget in one direction, replaced; which keys there are depends on whether it is
    a radio or a laser. The catalogue's `links.toml` has their meaning and their sources."""

    frequency_mhz: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    radiated_w: Annotated[float, Meta(gt=0, le=1e5)] | None = None
    transmit_gain_dbi: Gain | None = None
    receive_gain_dbi: Gain | None = None
    system_temperature_k: Annotated[float, Meta(ge=1, le=1e5)] | None = None
    symbol_rates_kbaud: (
        Annotated[tuple[Annotated[float, Meta(gt=0, le=1e8)], ...], Meta(min_length=1, max_length=64)] | None
    ) = None
    coding: Literal["dvb-s2", "ccsds", "uncoded", "fsk"] | None = None
    transmit_loss_db: Decibels | None = None
    pointing_loss_db: Decibels | None = None
    polarisation_loss_db: Decibels | None = None
    implementation_loss_db: Decibels | None = None
    margin_db: Decibels | None = None
    wavelength_nm: Annotated[float, Meta(ge=100, le=20_000)] | None = None
    transmit_aperture_mm: Annotated[float, Meta(gt=0, le=1e5)] | None = None
    receive_aperture_mm: Annotated[float, Meta(gt=0, le=1e5)] | None = None
    transmit_efficiency: Annotated[float, Meta(gt=0, le=1)] | None = None
    receive_efficiency: Annotated[float, Meta(gt=0, le=1)] | None = None
    photons_per_bit: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    most_kbps: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    clear_zenith_db: Decibels | None = None


class Link(Part, frozen=True, kw_only=True):
    """Who can talk to whom, how fast. An end is `satellite` (every one), `station` (every one) or a name.

    Between a satellite and a station `up_kbps` is towards the satellite. Between stations it is ground fibre, open
    all the time, at `up_kbps` = `down_kbps`. Where two lines serve the same direction, one that names its ends beats
    one that does not, then the faster wins.

    A radio with a budget gives a rate that varies through the pass; `up`, `down` and `across` change its values, and
    `availability` says which air the plan reckons with: that exceeded for the rest of an average year.

    Between satellites `across_kbps` holds both ways, `topology` says which of the pairs have a link, and range, slew
    rate and grazing height are what the terminals can do; given here, they replace the radio's.
    """

    between: tuple[str, str]
    radio: Text | None = None
    band: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,16}$")] | None = None
    up_kbps: NotNegative | None = None
    down_kbps: NotNegative | None = None
    frame_loss_ppm: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    up: BudgetChange | None = None
    down: BudgetChange | None = None
    across: BudgetChange | None = None
    across_kbps: NotNegative | None = None
    availability: Annotated[float, Meta(ge=0.95, le=0.9999, description="share of the year")] = 0.99
    topology: Annotated[str, Meta(pattern=r"^(all|\+grid|nearest:[1-9][0-9]?)$")] | None = None
    range_km: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    slew_deg_s: Annotated[float, Meta(gt=0, le=360)] | None = None
    grazing_height_km: Annotated[float, Meta(ge=0, le=1000)] | None = None


# The work -----------------------------------------------------------------------------------------------------------


class Modelled(Part, frozen=True, kw_only=True):
    """A job that is costed and not executed: reports always say so."""

    operations: Annotated[int, Meta(ge=1, le=10**18)]
    precision: Annotated[Literal["float", "int8"], Meta(description="which of the accelerator's rates holds")] = "float"
    input_bytes: Annotated[int, Meta(ge=0, le=10**10)] = 0
    output_bytes: Annotated[int, Meta(ge=0, le=10**10)] = 0


Guard = Literal["digest", "range", "checksum", "twice", "restart"]
VERIFY = r"^(none|replicate:[1-9]|sampled:(0(\.\d{1,6})?|1(\.0{1,6})?)|quorum:[1-9]/[1-9])$"


class Job(Part, frozen=True, kw_only=True):
    """Work that comes again and again, or at given hours.

    Exactly one of `artefact` and `modelled` is given, and one of `every`, `every_min` and `at_h`.
    `artefact` is `workload:NAME` (shipped) or a file relative to the mission. `input` are files used in turn; empty
    means the workload's own inputs in turn. `submit_at` is a station's name, or `on-board` for work that the satellite
    raises itself. `target` is a satellite's name or `any`. `verify` says how many run it and must agree: `none`,
    `replicate:2`, `sampled:0.1`, `quorum:2/3`. `guard` are what the satellite watches its run with.
    """

    name: Name
    artefact: Text | None = None
    modelled: Modelled | None = None
    input: tuple[str, ...] = ()
    every: Literal["orbit"] | None = None
    every_min: Annotated[float, Meta(ge=0.1, le=527_040)] | None = None
    at_h: Annotated[tuple[Hours, ...], Meta(min_length=1, max_length=10_000)] | None = None
    start_h: Hours = 0.0
    submit_at: Text = "on-board"
    target: Text = "any"
    deadline_min: Annotated[float, Meta(gt=0, le=527_040)]
    value: Annotated[int, Meta(ge=0, le=1_000_000, description="worth; higher goes first")] = 1
    verify: Annotated[str, Meta(pattern=VERIFY, description="who checks the result, see compute.policies")] = "none"
    guard: Annotated[tuple[Guard, ...], Meta(max_length=5, description="against silent corruption")] = ()
    fuel_limit: Annotated[int, Meta(ge=1, le=10**15, description="WASM instructions, about")] = 10_000_000_000
    memory_limit_mb: Annotated[int, Meta(ge=1, le=65_536)] = 512


# Ethereum -----------------------------------------------------------------------------------------------------------


class Update(Part, frozen=True, kw_only=True):
    """A light-client update that a station sends up; `file` is a path, or `packaged:NAME`."""

    at_h: Hours
    file: Text
    station: Text


class Ethereum(Part, frozen=True, kw_only=True):
    """The chain that the satellite follows (light client) and the one that it pays on.

    The in-process chain has a beacon chain of its own, under whose verified heads state and settlements are proved.
    """

    network: Literal["mainnet"] = "mainnet"
    checkpoint: Annotated[str, Meta(pattern=r"^0x[0-9a-f]{64}$", description="weak-subjectivity block root")]
    bootstrap: Text
    updates: tuple[Update, ...] = ()
    chain: Annotated[str, Meta(pattern=r"^(in-process|https?://\S+)$")] = "in-process"
    chain_id: Annotated[int, Meta(ge=1, le=2**53)] = 31337
    funded_eth: Annotated[float, Meta(ge=0, le=1000)] = 1.0
    operator: Account | None = None
    verified_state: Annotated[bool | None, Meta(description="sign only against proved state")] = None
    state_age_min: Annotated[float, Meta(gt=0, le=1440, description="how old the head may be at a signature")] = 10
    follow_min: Annotated[float, Meta(gt=0, le=525_600, description="a pass renews a head older than this")] = 45
    max_silence_days: Annotated[float, Meta(gt=0, le=365, description="weak subjectivity: nothing is taken after")] = (
        8.4
    )
    daily_limit_gwei: Annotated[int, Meta(ge=1, le=10**12, description="in any 24 hours, gas included")] | None = None
    code_hashes: Annotated[tuple[Hash, ...], Meta(max_length=64, description="code that a payee may hold")] = ()
    contracts: Annotated[tuple[Account, ...], Meta(max_length=64, description="may be called with data")] = ()
    delegates: Annotated[tuple[Account, ...], Meta(max_length=8, description="whose code it may run as its own")] = ()


class Payment(Part, frozen=True, kw_only=True):
    """An order, carried up by `station`, to sign and send a transaction: an EIP-1559 transfer unless it says more.

    `data` calls a contract of [ethereum]'s `contracts`; `access_list` makes it EIP-2930's (type 1, `max_fee_gwei` its
    gas price), `delegate` EIP-7702's: the account runs that code as its own from then on.
    """

    at_h: Hours
    satellite: Text
    station: Text
    to: Account
    value_gwei: Gwei
    max_fee_gwei: Gwei
    priority_fee_gwei: Gwei = 1
    gas: Annotated[int, Meta(ge=21_000, le=30_000_000)] = 21_000
    data: Annotated[str, Meta(pattern=r"^0x([0-9a-f]{2})*$", max_length=32_770)] = "0x"
    access_list: Annotated[tuple[Entry, ...], Meta(max_length=16)] = ()
    delegate: Account | None = None


# What space is like --------------------------------------------------------------------------------------------------


class Environment(Part, frozen=True, kw_only=True):
    """The surroundings of all satellites: the Sun's activity, and what the Earth reflects and radiates.

    `solar_activity` chooses the trapped-particle model and, where `f107_sfu` and `kp` are not given, theirs.
    """

    solar_activity: Literal["minimum", "mean", "maximum"] = "mean"
    upset_factor: Annotated[float, Meta(ge=0, le=1e6, description="upsets, so many times as often as they are")] = 1.0
    weather: Annotated[
        Literal["none", "statistical"],
        Meta(
            description="whether rain and cloud come and go over stations, drawn from the seed, on links with budgets"
        ),
    ] = "none"
    f107_sfu: Annotated[float, Meta(ge=60, le=400, description="10.7 cm solar flux, 81-day mean")] | None = None
    kp: Annotated[float, Meta(ge=0, le=9, description="planetary geomagnetic index")] | None = None
    earth_light: Annotated[
        Literal["constant", "seasonal", "hot", "cold"],
        Meta(description="albedo and Earth infrared: global means, by latitude and season, or a standard's extremes"),
    ] = "constant"


# The whole ----------------------------------------------------------------------------------------------------------


class Mission(Part, frozen=True, kw_only=True):
    """One mission file."""

    name: Name
    epoch: Annotated[datetime, Meta(tz=True, description="when the mission starts, with its offset")]
    days: Annotated[float, Meta(ge=0.001, le=366)]
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    telemetry_s: Annotated[int, Meta(ge=1, le=3600)] = 30
    satellite: Annotated[tuple[Satellite, ...], Meta(min_length=1, max_length=1000)]
    station: Annotated[tuple[Station, ...], Meta(max_length=1000)] = ()
    link: Annotated[tuple[Link, ...], Meta(max_length=1000)] = ()
    terminal: Annotated[tuple[Terminal, ...], Meta(max_length=1000)] = ()
    connectivity: Connectivity | None = None
    flow: Annotated[tuple[Flow, ...], Meta(max_length=1000)] = ()
    environment: Environment = Environment()
    planning: Planning = Planning()
    network: Network = Network()
    notices: Notices = Notices()
    ethereum: Ethereum | None = None
    job: Annotated[tuple[Job, ...], Meta(max_length=1000)] = ()
    message: Annotated[tuple[Message, ...], Meta(max_length=1000)] = ()
    payment: Annotated[tuple[Payment, ...], Meta(max_length=1000)] = ()
    transaction: Annotated[tuple[Transaction, ...], Meta(max_length=1000)] = ()
    settlement: Settlement | None = None
    purse: Purse | None = None
    cosign: Annotated[tuple[Cosign, ...], Meta(max_length=1000)] = ()
    wipe: Annotated[tuple[Wipe, ...], Meta(max_length=1000)] = ()
    fault: Annotated[tuple[Fault, ...], Meta(max_length=1000)] = ()
