"""What a mission becomes once the catalogue has filled it in and every reference is followed: what the World takes.

Struct per thing, SI or the unit in the name; nothing here is optional that physics needs. Made by `decode.load`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from orbitalcloud.core import Instant
from orbitalcloud.mission.controls import Control
from orbitalcloud.mission.parts import Celsius, NotNegative, Part, Positive, Share
from orbitalcloud.mission.types import (
    Coupling,
    Decibels,
    Direction,
    Face,
    Gain,
    Mission,
    Mount,
    Propulsion,
    Roles,
    ShieldingMm,
    Tracker,
    Yearly,
)
from orbitalcloud.planning import Flying

if TYPE_CHECKING:
    from orbitalcloud.physics.isl import IslLimits
    from orbitalcloud.physics.link import RadioLink
    from orbitalcloud.physics.link_optical import OpticalLink
    from orbitalcloud.physics.orbit import Source
    from orbitalcloud.physics.power_heat import Shedding


# A satellite's hardware: these are also the catalogue's types, so that bounds are checked there too -------------------


class Panel(Part, frozen=True, kw_only=True):
    """A flat panel; as `physics.array.Panel`, whose docstring says what `direction` and `deployed` mean.

    `root_m` is the middle of the edge it hangs by, in body axes; it stretches outwards from there (None: no shadow).
    """

    area_m2: Positive
    mount: Mount
    direction: Direction = (0.0, 1.0, 0.0)
    deployed: bool = True
    absorptivity: Share = 0.92
    emissivity: Share = 0.85
    back_absorptivity: Share = 0.25
    back_emissivity: Share = 0.88
    root_m: Direction | None = None
    aspect: Annotated[float, Meta(ge=0.01, le=100)] = 1.0


class Array(Part, frozen=True, kw_only=True):
    """A solar array: cells on panels and the converter behind them, which costs its share of the power.

    As `physics.array.SolarArray`, whose docstring says what the strings and the three yearly losses are;
    without `radiation_per_year` the orbit says it.
    """

    panels: Annotated[tuple[Panel, ...], Meta(min_length=1, max_length=64)]
    efficiency: Share
    converter_efficiency: Share
    packing: Share
    temperature_coefficient_per_k: Annotated[float, Meta(ge=-0.02, le=0)]
    degradation_per_year: Yearly
    radiation_per_year: Yearly | None = None
    cycling_per_year: Yearly = 0.0
    cell: str = "azur-3g30c-advanced"
    tracker: Tracker = "peak-power"
    strings: Annotated[int, Meta(ge=1, le=1000)] = 4
    cells: Annotated[int, Meta(ge=1, le=1000)] = 8


class Battery(Part, frozen=True, kw_only=True):
    """A battery: energy as new, path efficiencies, power limits at its terminals, and its charge at the epoch; the
    cells it is made of; and how it was used up to `age_years`: cycles and their depth, mean charge and
    temperature.
    """

    capacity_wh: Positive
    charge_efficiency: Annotated[float, Meta(gt=0, le=1)]
    discharge_efficiency: Annotated[float, Meta(gt=0, le=1)]
    max_charge_w: Positive
    max_discharge_w: Positive
    initial_charge: Share
    cell: str = "nmc-18650"
    series: Annotated[int, Meta(ge=1, le=1000)] = 4
    lock_out_c: Annotated[float, Meta(ge=-60, le=40)] | None = None
    cycles_per_day: Annotated[float, Meta(ge=0, le=100)] = 15.0
    cycle_depth: Share = 0.2
    mean_charge: Share = 0.8
    mean_c: Annotated[float, Meta(ge=-40, le=80)] = 20.0


class HeatNode(Part, frozen=True, kw_only=True):
    """A thermal node: its heat capacity, its outer faces, its limits and its temperature at the epoch.

    The node that plays the array also has the panels' faces, which the array brings.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    heat_capacity_j_per_k: Positive
    hot_limit_c: Celsius
    cold_limit_c: Celsius
    initial_c: Celsius
    faces: tuple[Face, ...] = ()


class Coating(Part, frozen=True, kw_only=True):
    """A surface finish, new and old: each optical property goes from its first value towards its last as
    1 − exp(−years / `years_scale`)."""

    absorptivity: Share
    absorptivity_old: Share
    emissivity: Share
    emissivity_old: Share
    years_scale: Positive


class Bus(Part, frozen=True, kw_only=True):
    """A satellite's platform. `roles` says which thermal nodes are array, body, battery, payload and radiator.

    `safe_w` is what the platform takes in safe mode, `body_m` the box that it is, for the shadow it casts on its
    panels.

    Areas of drag and sunlight that are not given follow from faces and panels: `mission.surface.surface_of`.
    """

    mass_kg: Positive
    idle_w: NotNegative
    radio_tx_w: NotNegative
    age_years: Annotated[float, Meta(ge=0, le=30)]
    shielding_mm: ShieldingMm
    accelerator: str
    array: Array
    battery: Battery
    heat: tuple[HeatNode, ...]
    couplings: tuple[Coupling, ...]
    roles: Roles = Roles()
    control: tuple[Control, ...] = ()
    coatings: tuple[tuple[str, Coating], ...] = ()
    """Those of the catalogue that its faces name."""
    safe_w: NotNegative | None = None
    body_m: Direction | None = None
    drag_coefficient: Annotated[float, Meta(gt=0, le=10)] = 2.2
    srp_coefficient: Annotated[float, Meta(ge=1, le=2)] = 1.3
    drag_area_m2: Positive | None = None
    disposal_area_m2: Positive | None = None
    srp_area_m2: Positive | None = None
    propulsion: Propulsion | None = None


class Cooling(Part, frozen=True, kw_only=True):
    """A way to control temperature, for comparison: its mass (fixed, by radiator area, by watt carried), the electric
    power that carrying a watt takes, and what it can do: emissivities, share of Carnot's coefficient."""

    mass_kg: NotNegative = 0.0
    mass_kg_per_m2: NotNegative = 0.0
    mass_kg_per_w: NotNegative = 0.0
    watts_per_w: NotNegative = 0.0
    cold_emissivity: Share = 0.0
    hot_emissivity: Share = 0.0
    carnot_share: Share = 0.0


class Site(Part, frozen=True, kw_only=True):
    """A ground station's place (WGS 84, geodetic) and law."""

    latitude_deg: Annotated[float, Meta(ge=-90, le=90)]
    longitude_deg: Annotated[float, Meta(ge=-180, le=180)]
    height_m: Annotated[float, Meta(ge=-500, le=9000)]
    mask_deg: Annotated[float, Meta(ge=0, lt=90)]
    jurisdiction: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]


class RadioBudget(Part, frozen=True, kw_only=True, tag_field="kind", tag="radio"):
    """One direction of a radio, as `physics.link.RadioLink`: `radiated_w` leaves the amplifier, the gain and the system
    temperature are the listener's under a clear sky."""

    frequency_mhz: Annotated[float, Meta(gt=0, le=1e6)]
    radiated_w: Annotated[float, Meta(gt=0, le=1e5)]
    transmit_gain_dbi: Gain
    receive_gain_dbi: Gain
    system_temperature_k: Annotated[float, Meta(ge=1, le=1e5)]
    symbol_rates_kbaud: Annotated[tuple[Annotated[float, Meta(gt=0, le=1e8)], ...], Meta(min_length=1, max_length=64)]
    coding: Literal["dvb-s2", "ccsds", "uncoded", "fsk"]
    transmit_loss_db: Decibels = 0.0
    pointing_loss_db: Decibels = 0.0
    polarisation_loss_db: Decibels = 0.0
    implementation_loss_db: Decibels = 0.0
    margin_db: Decibels = 3.0


class OpticalBudget(Part, frozen=True, kw_only=True, tag_field="kind", tag="optical"):
    """One direction of a laser link, as `physics.link_optical.OpticalLink`. `clear_zenith_db` is what the clear air
    takes straight up; a cloud takes all."""

    wavelength_nm: Annotated[float, Meta(ge=100, le=20_000)]
    radiated_w: Annotated[float, Meta(gt=0, le=1e5)]
    transmit_aperture_mm: Annotated[float, Meta(gt=0, le=1e5)]
    receive_aperture_mm: Annotated[float, Meta(gt=0, le=1e5)]
    transmit_efficiency: Annotated[float, Meta(gt=0, le=1)]
    receive_efficiency: Annotated[float, Meta(gt=0, le=1)]
    photons_per_bit: Annotated[float, Meta(gt=0, le=1e9)]
    most_kbps: Annotated[float, Meta(gt=0, le=1e12)]
    pointing_loss_db: Decibels = 0.0
    margin_db: Decibels = 3.0
    clear_zenith_db: Decibels = 0.0


Budget = RadioBudget | OpticalBudget


class Radio(Part, frozen=True, kw_only=True):
    """A link design: what it gives up and down or, between satellites, across, and the electrical power to transmit.

    A direction has either a fixed information rate (0: it is not served) or a budget. `up_mhz` and `down_mhz` are the
    frequencies of fixed rates, for Doppler. `range_km`, `slew_deg_s` and `grazing_height_km` are of terminals between
    satellites.
    """

    band: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,16}$")]
    up_kbps: NotNegative = 0.0
    down_kbps: NotNegative = 0.0
    across_kbps: NotNegative = 0.0
    transmit_w: NotNegative
    up_mhz: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    down_mhz: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    up: Budget | None = None
    down: Budget | None = None
    across: Budget | None = None
    range_km: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    slew_deg_s: Annotated[float, Meta(gt=0, le=360)] | None = None
    grazing_height_km: Annotated[float, Meta(ge=0, le=1000)] = 80.0

    @property
    def crosses(self) -> bool:
        """Whether it is for links between satellites."""
        return self.across is not None or self.across_kbps > 0


class Accelerator(Part, frozen=True, kw_only=True):
    """What runs jobs. Rates are peaks in operations a second, a multiply-accumulate counted as two: of 8-bit integers
    for models of integer operators, of float32 for the others."""

    kind: Literal["gpu", "npu", "cpu", "fpga"]
    int8_ops_per_s: Annotated[int, Meta(ge=1)]
    float_ops_per_s: Annotated[int, Meta(ge=1)]
    utilisation: Annotated[float, Meta(gt=0, le=1)]
    idle_w: NotNegative
    active_w: Positive
    throttled_w: Positive
    throttled_ops_fraction: Annotated[float, Meta(gt=0, le=1)]
    boot_s: NotNegative
    fuel_per_s: Annotated[int, Meta(ge=1)]
    hot_limit_c: Celsius
    memory_bytes: Annotated[int, Meta(ge=1)]
    devices: tuple[str, ...]
    """What radiation upsets in it: rows of data/physics/devices.toml, each with its cross-section."""


# What a mission becomes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Craft:
    """One satellite, ready to fly: `orbit` is what `physics.orbit.Orbits.of` takes, `orbit_text` says it in words.

    `reserve`, `safe_below` and `safe_above` are states of charge: no job below the first, safe mode from the second
    down and up to the third.
    """

    name: str
    bus_name: str
    bus: Bus
    accelerator_name: str
    accelerator: Accelerator
    orbit: Source
    orbit_text: str
    reserve: float
    safe_below: float
    safe_above: float
    shedding: Shedding
    sun_axis: Direction | None
    devices: tuple[str, ...] = ()
    """What radiation upsets on board: the accelerator's devices, or those that the mission names instead."""

    planner: Flying | None = None
    """Which planner orders its jobs; None: the mission's."""

    @property
    def safe_w(self) -> float:
        """What the platform takes in safe mode: the bus's value, or half of what it takes otherwise."""
        return min(self.bus.idle_w, 0.5 * self.bus.idle_w if self.bus.safe_w is None else self.bus.safe_w)


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground station (WGS 84, geodetic)."""

    name: str
    site: str
    latitude_deg: float
    longitude_deg: float
    height_m: float
    mask_deg: float
    jurisdiction: str
    air: str = ""
    """The site of the packaged tables whose air and weather hold here; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One direction between two named nodes. `transmit_w` is the sender's electrical power while it sends (0 on the
    ground); `always` marks ground fibre, which needs no sky.

    With a `budget` the rate varies with the range and the air, and `rate_bps` is the most that it can be. `limits` are
    of the terminals between two satellites. `frequency_hz` is 0 where it is not known.
    """

    sender: str
    receiver: str
    band: str
    rate_bps: int
    transmit_w: float
    frame_loss_ppm: int
    always: bool
    budget: RadioLink | OpticalLink | None = None
    availability: float = 0.99
    limits: IslLimits | None = None
    frequency_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """A job of the mission with its paths resolved. Exactly one of `workload`, `path` and `operations` is set.

    Submission instants: `at` (given hours), or from `starts` every `period_ns`, or every orbit of the satellite where
    `period_ns` is 0 and `at` is empty. `submit_at` is a station or `on-board`, `target` a satellite or `any`.
    """

    name: str
    workload: str
    path: str
    operations: int
    integer: bool
    input_bytes: int
    output_bytes: int
    inputs: tuple[str, ...]
    starts: Instant
    at: tuple[Instant, ...]
    period_ns: int
    submit_at: str
    target: str
    deadline_ns: int
    value: int
    verify: str
    guards: tuple[str, ...]
    fuel_limit: int
    memory_limit_bytes: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A mission read, checked and resolved. `folder` is where its paths start.

    `files` are what it reads, by name, each with its SHA-256 (`sha256:…`). `digest` names the bytes of the mission's
    file and of those: the SHA-256 of the file, where there are files followed by the lines that `sha256sum` would
    print for them.

    Faults, payments and Ethereum stay as written in `mission`; `files.read_bytes(loaded, name)` reads what they name.
    """

    mission: Mission
    text: str
    digest: str
    files: tuple[tuple[str, str], ...]
    path: str
    folder: str
    starts: Instant
    ends: Instant
    satellites: tuple[Craft, ...]
    stations: tuple[Ground, ...]
    channels: tuple[Channel, ...]
    tasks: tuple[Task, ...]

    def satellite(self, name: str) -> Craft:
        """The satellite of that name; the file's references were checked, so a wrong name here is a bug."""
        found = [craft for craft in self.satellites if craft.name == name]
        assert found, f"no satellite is named {name}"
        return found[0]
