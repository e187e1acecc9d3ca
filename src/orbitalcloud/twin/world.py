"""The World of one mission: where everything is, what light, power and heat it has, and who can hear whom.

Light, contacts and shadow edges are found ahead; batteries and temperatures move in compiled steps and are read when
asked. Loads change by `draw`. What a satellite is told (`readings`) are integers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orbitalcloud import physics
from orbitalcloud.compute import Accelerator
from orbitalcloud.core import DAY, SECOND, Contact, Instant
from orbitalcloud.core.events import Readings
from orbitalcloud.mission import Loaded, physical
from orbitalcloud.physics import power_kernel
from orbitalcloud.physics.array import REFERENCE_TEMPERATURE_K as RATED_K
from orbitalcloud.physics.frames import itrs_of_geodetic
from orbitalcloud.planning import Interval
from orbitalcloud.twin.contacts import Contacts, Opening, Outage, find_contacts
from orbitalcloud.twin.exposure import Exposure
from orbitalcloud.twin.ranges import Ranges

SPEED_OF_LIGHT_M_S = 299_792_458.0
STEP_S = 10.0
LOAD_NODES = {"platform": "body", "heating": "body", "radio": "body", "payload": "payload"}
"""The role of the thermal node where each load's heat appears. What the radio radiates, a watt or two, counts as
heat."""

CLASSES = {
    "platform": power_kernel.PLATFORM,
    "heating": power_kernel.HEATING,
    "radio": power_kernel.RADIO,
    "payload": power_kernel.PAYLOAD,
}
"""Each load's class on the bus: what is shed last comes first."""

PHASES = {"penumbra-in": "penumbra", "umbra-in": "umbra", "umbra-out": "penumbra", "penumbra-out": "sunlight"}


class World:
    """Physics of one mission over [starts, ends]. It pickles: what can be found again is found again."""

    def __init__(self, loaded: Loaded, seed: int | None = None) -> None:
        self.loaded = loaded
        self.seed = loaded.mission.seed if seed is None else seed
        self.starts, self.ends = loaded.starts, loaded.ends
        self.names = tuple(craft.name for craft in loaded.satellites)
        self._index = {name: index for index, name in enumerate(self.names)}
        self.orbits = physical.orbits_of(loaded)
        self.sites = {site.name: site for site in physical.sites_of(loaded)}
        self._accelerators = {craft.name: physical.accelerator_of(craft) for craft in loaded.satellites}
        self._shadow = physics.shadow_events(self.orbits, self.starts, Instant(self.ends + DAY))
        self._energy = physical.energy_heat(loaded, self._geometry(self.starts))
        self._designs = list(self._energy.designs)
        shape = (len(self.names), power_kernel.CLASSES, self._energy.n_nodes)
        self._drawn: list[dict[str, int]] = [{} for _ in self.names]
        self._loads_w = np.zeros(shape)
        self._last: dict[int, tuple[int, float, float, float]] = {}
        self._short: dict[str, list[tuple[bool, int]]] = {}
        self._downs = [0 for _ in self.names]
        self._levels = [power_kernel.CLASSES for _ in self.names]
        self._all_at = self.starts
        self._ranges = Ranges(self.orbits)
        self.exposure = Exposure(loaded, self.orbits)
        self._fibres: dict[tuple[str, str], int] = {}
        begin = power_kernel.COLUMNS
        self._temperatures = [slice(begin, begin + len(craft.bus.heat)) for craft in loaded.satellites]
        self._telemetry_ns = loaded.mission.telemetry_s * SECOND
        self._places: tuple[Instant, NDArray[np.int64]] = (self.starts, np.empty((len(self.names), 0, 3), np.int64))
        self._array_mw: dict[int, int] = {}
        self._said_places: dict[int, list[tuple[int, int, int]]] = {}
        self.base_loss_ppm = {
            (channel.sender, channel.receiver): channel.frame_loss_ppm
            for channel in loaded.channels
            if channel.frame_loss_ppm
        }

    def __reduce__(self) -> tuple[object, ...]:
        """The mission, and what moved; light and contacts are found again."""
        energy = self._energy
        moved = {
            "designs": self._designs,
            "state": energy.state,
            "now_ns": energy.now_ns,
            "geometry_start": energy.geometry.start,
            "drawn": self._drawn,
            "loads_w": self._loads_w,
            "last": self._last,
            "short": self._short,
            "downs": self._downs,
            "levels": self._levels,
            "doses_urad": self.exposure.kept(),
        }
        return _restore, (self.loaded, self.seed, moved)

    def _geometry(self, at: Instant) -> physics.Geometry:
        end = Instant(min(self.ends, at + DAY) + 2 * int(STEP_S) * SECOND)
        return physical.light_of(self.loaded, self.orbits, at, end, STEP_S)

    # Facts -----------------------------------------------------------------------------------------------------------

    def accelerator(self, satellite: str) -> Accelerator:
        """The computer of a satellite."""
        return self._accelerators[satellite]

    def period_ns(self, satellite: str) -> int:
        """Orbital period: from node to node for a design, by the elements' mean motion otherwise."""
        return round(physical.period_s(self.loaded.satellite(satellite)) * SECOND)

    def inclination_mdeg(self, satellite: str) -> int:
        """Inclination of the elements."""
        return round(physical.inclination_deg(self.loaded.satellite(satellite)) * 1000)

    def array_mw(self, satellite: str) -> int:
        """What the array gives in sunlight, averaged over the mission's first orbits, at its rated temperature."""
        row = self._index[satellite]
        if row in self._array_mw:
            return self._array_mw[row]
        light = self._energy.geometry
        design, turned = self._designs[row].array, self._designs[row].sun_in_body
        count = min(len(light.irradiance_w_m2), 2000)
        seen = np.flatnonzero(light.light[row, :count, 0] > 0.5)[::10]
        watts = [
            physics.array_power_w(
                design, float(light.irradiance_w_m2[k]), 1.0, turned(_vector(light.sun_body[row, k])), RATED_K
            )
            for k in seen
        ]
        found = self._array_mw[row] = round(float(np.mean(watts)) * 1000) if watts else 0
        return found

    def light_turns(self) -> list[tuple[Instant, str, str]]:
        """(when, satellite, phase from then on) of every shadow edge, in time order."""
        events = self._shadow
        turns = [(event.at, self.names[event.satellite], PHASES[event.kind]) for event in events]
        return sorted(turn for turn in turns if turn[0] < self.ends)

    def sunlight(self) -> dict[str, tuple[Interval, ...]]:
        """Each satellite's intervals outside the umbra over the mission, and a day past its end."""
        spans: dict[str, list[Interval]] = {name: [] for name in self.names}
        lit_from: dict[str, int | None] = dict(zip(self.names, self._first_light(), strict=True))
        for event in self._shadow:
            name = self.names[event.satellite]
            since = lit_from[name]
            if event.kind == "umbra-in" and since is not None:
                spans[name].append((since, event.at))
                lit_from[name] = None
            elif event.kind == "umbra-out":
                lit_from[name] = event.at
        for name, since in lit_from.items():
            if since is not None:
                spans[name].append((since, self.ends + DAY))
        return {name: tuple(found) for name, found in spans.items()}

    def _first_light(self) -> list[int | None]:
        lit = physics.illumination_at(self.orbits, [self.starts])[:, 0]
        return [int(self.starts) if share > 0.0 else None for share in lit]

    def contacts(self) -> list[Contact]:
        """Every contact of the mission as planned, each direction that a channel serves, in order of opening."""
        return sorted([*self._fibre_contacts(), *self._found.planned], key=_when)

    def openings(self) -> list[Opening]:
        """The contacts as they come: cut by the weather where there is one, as planned otherwise."""
        fibres = [Opening(contact, contact.closes) for contact in self._fibre_contacts()]
        return sorted([*fibres, *self._found.openings], key=lambda opening: _when(opening.contact))

    def outages(self) -> list[Outage]:
        """What the weather cuts out of the plan, by beginning."""
        return self._found.outages

    @cached_property
    def _found(self) -> Contacts:
        return find_contacts(self.loaded, self.orbits, list(self.sites.values()), self.seed)

    def _fibre_contacts(self) -> list[Contact]:
        ends = Instant(self.ends + DAY)
        return [
            Contact(
                channel.sender,
                channel.receiver,
                self.starts,
                ends,
                channel.rate_bps,
                channel.band,
                self._fibre_ns(channel.sender, channel.receiver),
            )
            for channel in self.loaded.channels
            if channel.always
        ]

    def light_time_ns(self, sender: str, receiver: str, at: Instant) -> int:
        """One-way light time at an instant; over ground fibre, along the chord at two thirds of the speed of light."""
        row = self._index.get(sender, self._index.get(receiver))
        if row is None:
            return self._fibre_ns(sender, receiver)
        if sender in self._index and receiver in self._index:
            return round(self._ranges.between_m(row, self._index[receiver], at) / SPEED_OF_LIGHT_M_S * 1e9)
        site = self.sites[receiver if sender in self._index else sender]
        return round(self._ranges.range_m(row, site, at) / SPEED_OF_LIGHT_M_S * 1e9)

    def _fibre_ns(self, sender: str, receiver: str) -> int:
        pair = (min(sender, receiver), max(sender, receiver))
        if pair not in self._fibres:
            chord_m = float(np.linalg.norm(_itrs_m(self.sites[sender]) - _itrs_m(self.sites[receiver])))
            self._fibres[pair] = round(chord_m * 1.5 / SPEED_OF_LIGHT_M_S * 1e9)
        return self._fibres[pair]

    # State -----------------------------------------------------------------------------------------------------------

    def draw(self, satellite: str, load: str, power_mw: int, now: Instant) -> None:
        """From now on the load takes this much."""
        row = self._index[satellite]
        if self._drawn[row].get(load, 0) == power_mw:
            return
        self._advance(row, now)
        self._drawn[row][load] = power_mw
        craft = self.loaded.satellites[row]
        self._loads_w[row] = 0.0
        for name, drawn_mw in self._drawn[row].items():
            self._loads_w[row, CLASSES[name], physical.node_index(craft, LOAD_NODES[name])] += drawn_mw / 1000.0

    def power_down(self, satellite: str, now: Instant) -> None:
        """All loads off but the platform's, as while its computers restart."""
        if satellite in self._index:
            for load in ("payload", "radio"):
                self.draw(satellite, load, 0, now)

    def lose_strings(self, satellite: str, fraction_ppm: int, now: Instant) -> None:
        """The array gives this much less for good; batteries and temperatures stay what they are."""
        self._advance_all(now)
        row = self._index[satellite]
        design = self._designs[row]
        packing = design.array.packing * (1.0 - fraction_ppm / 1e6)
        self._designs[row] = replace(design, array=replace(design.array, packing=packing))
        self._array_mw.pop(row, None)
        old = self._energy
        self._energy = physics.EnergyHeat(self._designs, old.geometry, old.state, old.now_ns)

    def readings(self, satellite: str, now: Instant) -> Readings:
        """What the satellite's sensors say; generated and load power are means since the last reading."""
        row = self._index[satellite]
        self._advance_all(now)
        first = self._last.get(row, (self.starts,))[0] >= now
        trial_mw = self._generating_mw(row, now) if first else 0
        state = self._energy.state[row].tolist()
        generated_mw, load_mw = self._mean_powers(row, now, state)
        latitude, longitude, height = self._place(row, now)
        return Readings(
            charge_ppm=min(1_000_000, round(state[power_kernel.ENERGY] / self._designs[row].battery.usable_j * 1e6)),
            generated_mw=trial_mw if first else generated_mw,
            load_mw=load_mw,
            sunlit_ppm=round(state[power_kernel.ILLUMINATION] * 1e6),
            temperatures_mk=tuple([round(kelvin * 1000) for kelvin in state[self._temperatures[row]]]),
            latitude_udeg=latitude,
            longitude_udeg=longitude,
            height_m=height,
            powered=int(state[power_kernel.LEVEL]),
            dose_urad=self.exposure.dose_urad(row, now),
        )

    def powered(self, satellite: str, now: Instant | None, load: str) -> bool:
        """Whether the bus has the load's class on: at `now`, or, for None, at the last step that was taken."""
        row = self._index[satellite]
        if now is not None:
            self._advance(row, now)
        return CLASSES[load] < int(self._energy.state[row, power_kernel.LEVEL])

    def sheds(self, satellite: str) -> list[tuple[str, ...]]:
        """What the bus has switched off, where that has changed since last asked (nothing: all is on again)."""
        row = self._index[satellite]
        level = int(self._energy.state[row, power_kernel.LEVEL])
        if level == self._levels[row]:
            return []
        self._levels[row] = level
        return [tuple(load for load, kind in CLASSES.items() if kind >= level)]

    def account(self, satellite: str, now: Instant) -> tuple[physics.Account, physics.Battery]:
        """The energy account up to `now`, and the battery as worn by then."""
        row = self._index[satellite]
        self._advance(row, now)
        duty, battery = self._energy.duty(row), self._designs[row].battery
        if duty is not None:
            battery = replace(battery, wear=physics.worn(battery.wear, duty))
        return physics.account(self._energy, row), battery

    def brown_outs(self, satellite: str) -> list[tuple[bool, int]]:
        """(down, mJ unserved since the start) of each change since last asked."""
        return self._short.pop(satellite, [])

    def _mean_powers(self, row: int, now: Instant, state: list[float]) -> tuple[int, int]:
        generated = state[power_kernel.GENERATED] - state[power_kernel.CURTAILED]
        load, unserved = state[power_kernel.LOAD], state[power_kernel.UNSERVED]
        then, generated_before, load_before, _ = self._last.get(row, (self.starts, 0.0, 0.0, 0.0))
        self._last[row] = (now, generated, load, unserved)
        self._brown_out(row, round(unserved * 1000), state)
        if now <= then:
            return 0, round(float(self._loads_w[row].sum()) * 1000)
        per_mw = SECOND * 1000 / (now - then)
        return round((generated - generated_before) * per_mw), round((load - load_before) * per_mw)

    def _brown_out(self, row: int, unserved_mj: int, state: list[float]) -> None:
        """Note that the bus went down since last looked at, or is up again; one that came and went is both."""
        downs, up = int(state[power_kernel.DOWNS]), state[power_kernel.LEVEL] > 0.0
        if up and self._downs[row] == 2 * downs:
            return  # all was told, and it is up: nearly always
        said = self._short.setdefault(self.names[row], [])
        known = self._downs[row]
        while True:  # `known` counts what was told, each down and each up: odd while it is down
            down = known % 2 == 0
            if not (known // 2 < downs if down else up or known // 2 + 1 < downs):
                break
            said.append((down, unserved_mj))
            known += 1
        self._downs[row] = known

    def _generating_mw(self, row: int, now: Instant) -> int:
        """What the array gives at the first reading, before there is a mean: tried over one step, and taken back."""
        energy = self._energy
        kept, clock = energy.state[row].copy(), int(energy.now_ns[row])
        energy.advance(row, Instant(now + round(STEP_S * SECOND)), self._loads_w[row])
        after = energy.state[row].copy()
        energy.state[row], energy.now_ns[row] = kept, clock
        energy.state[row, power_kernel.ILLUMINATION] = after[power_kernel.ILLUMINATION]
        joules = sum((after - kept)[[power_kernel.GENERATED, power_kernel.CURTAILED]] * (1.0, -1.0))
        return round(float(joules) / STEP_S * 1000)

    # Moving ----------------------------------------------------------------------------------------------------------

    def _advance(self, row: int, now: Instant) -> None:
        self._reach(now)
        self._energy.advance(row, now, self._loads_w[row])

    def _advance_all(self, now: Instant) -> None:
        self._reach(now)
        if self._all_at < now:
            self._energy.advance_all(now, self._loads_w)
            self._all_at = now

    def _reach(self, now: Instant) -> None:
        """Extend the light where the mission is longer than a day."""
        if now > self._energy.light_ends:
            edge = self._energy.geometry.end
            self._energy.advance_all(edge, self._loads_w)
            self._energy = self._energy.aged()
            self._designs = list(self._energy.designs)
            self._energy.use(self._geometry(edge))
            self._reach(now)

    def _place(self, row: int, now: Instant) -> tuple[int, int, int]:
        """Geodetic (µdeg, µdeg, m) of one satellite; those of the telemetry grid are found ahead, a day at a time."""
        begins, places = self._places
        index, off = divmod(now - begins, self._telemetry_ns)
        if off:
            latitude_udeg, longitude_udeg, height_m = self._geodetic(np.array([now]))[row, 0].tolist()
            return latitude_udeg, longitude_udeg, height_m
        if not 0 <= index < places.shape[1]:
            count = int(min(DAY, self.ends - now + 1) // self._telemetry_ns) + 1
            places, index = self._geodetic(now + self._telemetry_ns * np.arange(count, dtype=np.int64)), 0
            self._places, self._said_places = (now, places), {}
        said = self._said_places.get(row)
        if said is None:
            said = self._said_places[row] = [tuple(place) for place in places[row].tolist()]
        return said[index]

    def _geodetic(self, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        latitude, longitude, height_m = physics.subpoint(self.orbits, times_ns)
        columns = (np.degrees(latitude) * 1e6, np.degrees(longitude) * 1e6, height_m)
        return np.rint(np.stack(columns, axis=2)).astype(np.int64)


def _restore(loaded: Loaded, seed: int, moved: dict[str, Any]) -> World:
    world = World(loaded, seed)
    world._designs = moved["designs"]
    light = world._geometry(moved["geometry_start"])
    world._energy = physics.EnergyHeat(world._designs, light, moved["state"], moved["now_ns"])
    world._drawn, world._loads_w, world._last = moved["drawn"], moved["loads_w"], moved["last"]
    world._short, world._downs, world._levels = moved["short"], moved["downs"], moved["levels"]
    world.exposure.restore(moved["doses_urad"])
    world._all_at = Instant(int(world._energy.now_ns.min()))
    return world


def _when(contact: Contact) -> tuple[int, str, str]:
    return contact.opens, contact.sender, contact.receiver


def _vector(row: NDArray[np.float32]) -> tuple[float, float, float]:
    x, y, z = row.tolist()
    return x, y, z


def _itrs_m(site: physics.GroundSite) -> NDArray[np.float64]:
    return itrs_of_geodetic(site.latitude_rad, site.longitude_rad, site.height_m)
