"""Power and heat of a block of satellites of one design, a step at a time: what a fleet's day is made of.

A block is LANES satellites. All that one needs stands in one flat buffer `w`, row after row (`fleet_light` says why),
and only sums and extremes leave it. A step is two loops over the lanes. Which node a face or coupling belongs to is
known when the kernel is compiled (`Shape`), so the inner loops over faces, couplings and nodes are unrolled and what
is left is straight arithmetic, which the compiler turns into vector instructions:

1. heat from outside: Earth infrared and albedo on the body's faces from the block's constants, sunlight by direction
   (two opposite faces of a node are one row: a·c + b·|c| with c the cosine), panels that follow the Sun by theirs; then
   the array's power by its temperature, and the bus with a battery of constant efficiencies;
2. temperatures by a semi-implicit step of second order: conduction and exchange between nodes at mid-step,
   extrapolated from the last two steps (Adams–Bashforth), a node's own emission linearised there:

       C (T' − T) / h = source + exchange − K (T⁴ + 4 T³ θ (T' − T)),   θ = max(1/2, 1 − 1/z),   z = 4 K T³ h / C

   θ = 1/2 is the midpoint rule, second order; past z = 2 it is what Liniger & Willoughby 1970 (doi 10.1137/0707002)
   fit so that a stiff node goes to its equilibrium and not past it. What one node gives another gets, to rounding.
   A design whose exchange or emission is quick for the step is divided into `parts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from numba import njit
from numba.np.unsafe.ndarray import to_fixed_tuple

from orbitalcloud.physics.array import REFERENCE_TEMPERATURE_K
from orbitalcloud.physics.fleet_light import CHUNK, LANES, LIT, PLACE, ROW, SAFE, SUN_X, SUN_Y, SUN_Z, designed_light

MOST_NODES = 8
EVEN_TERMS = 7
"""Coefficients of the even part of the Earth's view factor, a polynomial in the squared cosine to nadir."""

# Rows of a block
ENERGY, GENERATED, LOAD, LOSSES, CURTAILED, UNSERVED, SUNLIT, RUN, LONGEST, LOWEST, HIGHEST = range(0, 11 * ROW, ROW)
ASKED, RADIO, ONE_OVER_LOADS, ODD, ODD_RISE = range(11 * ROW, 16 * ROW, ROW)
(
    TEMPERATURE,
    BEFORE,
    HOTTEST,
    COLDEST,
    SOURCE,
    MIDWAY,
    FLOW,
    LOADS,
    STEADY,
    STEADY_RISE,
    ALBEDO,
    ALBEDO_RISE,
    EVEN,
    EVEN_RISE,
) = range(16 * ROW, 16 * ROW + 14 * MOST_NODES * ROW, MOST_NODES * ROW)
BLOCK_SIZE = 16 * ROW + 14 * MOST_NODES * ROW

# Numbers of a design's bus
(
    FLOOR,
    CEILING,
    CHARGE_EFFICIENCY,
    DISCHARGE_EFFICIENCY,
    MOST_CHARGE,
    MOST_DISCHARGE,
    COEFFICIENT,
    ALBEDO_SHARE,
    INFRARED,
) = range(9)
# Columns of the rows by direction: axis, absorbed watts per W/m² as a·c + b·|c|, cell watts per W/m² at c > 0
AXIS_X, AXIS_Y, AXIS_Z, EVENLY, BOTH_SIDES, CELLS, GLASS, AT_NODE = range(8)
# Columns of panels that follow the Sun: axis (0 where two-axis), sunlight, Earth's heat by sum and difference of sides
SUN_AREA, INFRARED_SUM, INFRARED_DIFFERENCE, ALBEDO_SUM, ALBEDO_DIFFERENCE, ONE_AXIS = 8, 9, 10, 11, 12, 13
COLUMNS = 14

Whole = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a design is compiled into its kernel: whole numbers only, as numba keeps such a kernel on disk.

    Tuples are as long as the numbers they go with, and at least one long; the counts say how much of them holds.
    """

    nodes: int
    array_node: int
    battery_node: int
    counts: tuple[int, int, int, int]
    """Fixed rows, following rows, conductors, radiative links."""
    fixed: tuple[Whole, Whole, Whole]
    """Of each fixed row: its node; 0, 1 or 2 for an axis x, y, z and 3 for another; 1 with cells, 2 under glass."""
    following: tuple[Whole, Whole, Whole]
    """Of each following row: its node; 1 where it turns about one axis; 1 under glass."""
    conductors: tuple[Whole, Whole]
    links: tuple[Whole, Whole]
    outside: Whole
    """1 where a node has faces that see the Earth."""
    shining: Whole
    """1 where a node radiates to space."""
    varied: bool
    """Whether the radius changes along the orbit."""


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _cover(cosine, index):  # type: ignore[no-untyped-def]
    """`array.cover_transmission` for a positive cosine and an index above 1."""
    inner = (1.0 - (1.0 - cosine * cosine) / (index * index)) ** 0.5
    across = (cosine - index * inner) / (cosine + index * inner)
    along = (index * cosine - inner) / (index * cosine + inner)
    head_on = (index - 1.0) / (index + 1.0)
    return (1.0 - 0.5 * (across * across + along * along)) / (1.0 - head_on * head_on)


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _about(x, y, z, sun_x, sun_y, sun_z):  # type: ignore[no-untyped-def]
    """Cosines to the Sun and to nadir of a panel that turns about an axis of the body after the Sun."""
    along = x * sun_x + y * sun_y + z * sun_z
    across = max(1e-30, 1.0 - along * along) ** 0.5
    return across, min(1.0, max(-1.0, (sun_z - along * z) / across))


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _bus(energy, offered, asked, step, bus):  # type: ignore[no-untyped-def]
    """`battery.bus_step` of ideal cells: energy after, watts lost, curtailed, unserved."""
    floor, ceiling, into, out, most_charge, most_discharge = bus
    surplus, lack = max(0.0, offered - asked), max(0.0, asked - offered)
    taken = min(surplus, min(most_charge, max(0.0, ceiling - energy) * (1.0 / (into * step))))
    given = min(lack, min(most_discharge, max(0.0, energy - floor) * (out / step)))
    drawn = given * (1.0 / out)
    after = energy + (taken * into - drawn) * step
    return after, taken * (1.0 - into) + drawn - given, surplus - taken, lack - given


@njit(cache=True)
def _note(w, nodes, row, charge, temperature):  # type: ignore[no-untyped-def]
    """Enter the state of all lanes as row `row` of the traces."""
    for lane in range(LANES):
        charge[row, lane] = w[ENERGY + lane]
        for i in range(nodes):
            temperature[row, i, lane] = w[TEMPERATURE + i * ROW + lane]


@lru_cache(maxsize=256)
def flight_of(shape: Shape) -> Callable[..., None]:
    """The compiled flight of a block of satellites of this shape.

    `fly(w, orbits, suns, scratch, light, irradiance, begin, step, tables, network, every, done, charge, temperature)`
    flies `len(irradiance)` steps from `begin` s into the span. With `orbits` the light is made there, CHUNK steps at a
    time in `light` (CHUNK, LIGHT_SIZE), `suns` (chunks + 1, 4) standing at the chunks' ends; with an empty `orbits`,
    `light` (steps, LIGHT_SIZE) is given. `every` is the steps between two rows of the traces, 0 for none; `done` those
    counted before this call. `tables` and `network` are those of `fleet_tables.Tables`.

    It is one long function: where an array passes into another one, numba counts a reference in the loop over the
    lanes, and there are no vectors.
    """
    n, counts, varied = shape.nodes, shape.counts, shape.varied
    (at, axis, celled), (behind, turns, glazed) = shape.fixed, shape.following
    (first_c, second_c), (first_r, second_r) = shape.conductors, shape.links
    outside, shining = shape.outside, shape.shining
    n_fixed, n_following, n_conductors, n_links = counts
    l_fixed, l_following, l_conductors, l_links = (max(1, count) for count in counts)
    array, battery = shape.array_node * ROW, shape.battery_node * ROW

    @njit(cache=True, error_model="numpy", fastmath=SAFE)
    def fly(  # type: ignore[no-untyped-def]
        w, orbits, suns, scratch, light, irradiance, begin, step, tables, network, every, done, charge, temperature
    ):
        bus, fixed, following = tables
        capacity, conduction, radiation, emission, parts = network
        seconds, steps, designed = step / parts, irradiance.shape[0], orbits.shape[0] > 0
        # tuples, since numbers in them cannot overlap with w
        store, coefficient, albedo = to_fixed_tuple(bus, 6), bus[COEFFICIENT], bus[ALBEDO_SHARE]
        x, y = to_fixed_tuple(fixed[AXIS_X], l_fixed), to_fixed_tuple(fixed[AXIS_Y], l_fixed)
        z, evenly = to_fixed_tuple(fixed[AXIS_Z], l_fixed), to_fixed_tuple(fixed[EVENLY], l_fixed)
        sides, cells = to_fixed_tuple(fixed[BOTH_SIDES], l_fixed), to_fixed_tuple(fixed[CELLS], l_fixed)
        glass = to_fixed_tuple(fixed[GLASS], l_fixed)
        infrared = bus[INFRARED]
        px, py = to_fixed_tuple(following[AXIS_X], l_following), to_fixed_tuple(following[AXIS_Y], l_following)
        pz, sunlit = to_fixed_tuple(following[AXIS_Z], l_following), to_fixed_tuple(following[SUN_AREA], l_following)
        warm = to_fixed_tuple(infrared * following[INFRARED_SUM], l_following)
        warmer = to_fixed_tuple(infrared * following[INFRARED_DIFFERENCE], l_following)
        bright = to_fixed_tuple(following[ALBEDO_SUM], l_following)
        brighter = to_fixed_tuple(following[ALBEDO_DIFFERENCE], l_following)
        working = to_fixed_tuple(following[CELLS], l_following)
        cover = to_fixed_tuple(following[GLASS], l_following)
        conducted, radiated = to_fixed_tuple(conduction, l_conductors), to_fixed_tuple(radiation, l_links)
        emitted, held = to_fixed_tuple(emission, n), to_fixed_tuple(capacity / seconds, n)
        loose = to_fixed_tuple(seconds / capacity, n)
        for first in range(0, steps, CHUNK):
            count, row = min(CHUNK, steps - first), first
            if designed:
                sun, after_sun, row = suns[first // CHUNK], suns[first // CHUNK + 1], 0
                designed_light(orbits, begin + first * step, step, count, sun, after_sun, scratch, light)
            for m in range(count):
                k, flux = row + m, irradiance[first + m]
                for lane in range(LANES):
                    lit, sx = light[k, LIT + lane], light[k, SUN_X + lane]
                    sy, sz = light[k, SUN_Y + lane], light[k, SUN_Z + lane]
                    direct, day, raw = flux * lit, max(0.0, -sz) * albedo * flux, 0.0
                    for i in range(n):
                        here = w[LOADS + i * ROW + lane]
                        if outside[i] > 0:
                            here += w[STEADY + i * ROW + lane] + day * w[ALBEDO + i * ROW + lane]
                            if varied:
                                rise = w[STEADY_RISE + i * ROW + lane] + day * w[ALBEDO_RISE + i * ROW + lane]
                                here += light[k, PLACE + lane] * rise
                        w[SOURCE + i * ROW + lane] = here
                    for f in range(n_fixed):
                        c = x[f] * sx if axis[f] == 0 else y[f] * sy if axis[f] == 1 else z[f] * sz
                        if axis[f] == 3:
                            c += x[f] * sx + y[f] * sy
                        w[SOURCE + at[f] * ROW + lane] += direct * (evenly[f] * c + sides[f] * abs(c))
                        if celled[f] == 1:
                            raw += cells[f] * max(0.0, c)
                        if celled[f] == 2:
                            raw += cells[f] * max(0.0, c) * _cover(max(1e-9, c), glass[f])
                    for f in range(n_following):
                        across, c = 1.0, sz
                        if turns[f] > 0:
                            across, c = _about(px[f], py[f], pz[f], sx, sy, sz)
                        both, differ = warm[f] + bright[f] * day, warmer[f] + brighter[f] * day
                        even = w[EVEN + (EVEN_TERMS - 1) * ROW + lane]
                        for term in range(EVEN_TERMS - 2, -1, -1):
                            even = even * (c * c) + w[EVEN + term * ROW + lane]
                        got = sunlit[f] * direct * across + even * both + w[ODD + lane] * c * differ
                        if varied:
                            even = w[EVEN_RISE + (EVEN_TERMS - 1) * ROW + lane]
                            for term in range(EVEN_TERMS - 2, -1, -1):
                                even = even * (c * c) + w[EVEN_RISE + term * ROW + lane]
                            got += light[k, PLACE + lane] * (even * both + w[ODD_RISE + lane] * c * differ)
                        w[SOURCE + behind[f] * ROW + lane] += got
                        raw += working[f] * across * (_cover(across, cover[f]) if glazed[f] > 0 else 1.0)
                    hotter = w[TEMPERATURE + array + lane] - REFERENCE_TEMPERATURE_K
                    offered, asked = direct * raw * max(0.0, 1.0 + coefficient * hotter), w[ASKED + lane]
                    energy, lost, curtailed, unserved = _bus(w[ENERGY + lane], offered, asked, step, store)
                    w[ENERGY + lane] = energy
                    w[LOWEST + lane] = min(w[LOWEST + lane], energy)
                    w[HIGHEST + lane] = max(w[HIGHEST + lane], energy)
                    w[GENERATED + lane] += offered * step
                    w[LOAD + lane] += (asked - unserved) * step
                    w[LOSSES + lane] += lost * step
                    w[CURTAILED + lane] += curtailed * step
                    w[UNSERVED + lane] += unserved * step
                    dark = (1.0 - lit) * step
                    run = w[RUN + lane] + dark if dark > 0.0 else 0.0
                    w[SUNLIT + lane] += step - dark
                    w[RUN + lane] = run
                    w[LONGEST + lane] = max(w[LONGEST + lane], run)
                    # the radio goes first, as in `EnergyHeat`, and its watts were no heat
                    short = max(0.0, unserved - w[RADIO + lane]) * w[ONE_OVER_LOADS + lane]
                    w[SOURCE + battery + lane] += lost
                    w[SOURCE + array + lane] -= offered - curtailed
                    for i in range(n):
                        w[SOURCE + i * ROW + lane] -= short * w[LOADS + i * ROW + lane]
                for _ in range(parts):
                    for lane in range(LANES):
                        for i in range(n):
                            t = w[TEMPERATURE + i * ROW + lane]
                            w[MIDWAY + i * ROW + lane] = 1.5 * t - 0.5 * w[BEFORE + i * ROW + lane]
                            w[FLOW + i * ROW + lane] = w[SOURCE + i * ROW + lane]
                        for e in range(n_conductors):
                            i, j = first_c[e] * ROW, second_c[e] * ROW
                            moved = conducted[e] * (w[MIDWAY + j + lane] - w[MIDWAY + i + lane])
                            w[FLOW + i + lane] += moved
                            w[FLOW + j + lane] -= moved
                        for e in range(n_links):
                            i, j = first_r[e] * ROW, second_r[e] * ROW
                            a, b = w[MIDWAY + i + lane], w[MIDWAY + j + lane]
                            moved = radiated[e] * (b * b * b * b - a * a * a * a)
                            w[FLOW + i + lane] += moved
                            w[FLOW + j + lane] -= moved
                        for i in range(n):
                            t, rate = w[TEMPERATURE + i * ROW + lane], w[FLOW + i * ROW + lane]
                            after = t + rate * loose[i]
                            if shining[i] > 0:
                                t3 = emitted[i] * t * t * t
                                slope = 4.0 * t3
                                after = t + (rate - t3 * t) / (held[i] + max(0.5 * slope, slope - held[i]))
                            w[BEFORE + i * ROW + lane] = t
                            w[TEMPERATURE + i * ROW + lane] = after
                            w[HOTTEST + i * ROW + lane] = max(w[HOTTEST + i * ROW + lane], after)
                            w[COLDEST + i * ROW + lane] = min(w[COLDEST + i * ROW + lane], after)
                far = done + first + m + 1
                if every > 0 and far % every == 0:
                    _note(w, n, far // every - 1, charge, temperature)

    return fly  # type: ignore[no-any-return]
