"""Thermal control in the mission file: what acts on a satellite's thermal network."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from orbitalcloud.mission.parts import Celsius, NotNegative, Part, Positive, Share, Text


class Controlled(Part, frozen=True, kw_only=True, tag_field="kind"):
    """What every thermal control has: its mass, where the comparison should not assume one."""

    mass_kg: NotNegative | None = None


class Heater(Controlled, frozen=True, kw_only=True, tag="heater"):
    """A heater on a thermostat: on below one temperature, off above another. Its watts come from the bus."""

    node: Text
    power_w: Positive
    on_below_c: Celsius
    off_above_c: Celsius


class Louvre(Controlled, frozen=True, kw_only=True, tag="louvre"):
    """Louvres over the node's own faces: their effective emissivity rises in a line from closed to open. The defaults
    are Gilmore's (Spacecraft Thermal Control Handbook, ch. 9): 0.14 closed, 0.74 open."""

    node: Text
    closed_below_c: Celsius
    open_above_c: Celsius
    closed_emissivity: Share = 0.14
    open_emissivity: Share = 0.74


class VariableEmissivity(Controlled, frozen=True, kw_only=True, tag="variable-emissivity"):
    """A coating on the node's own faces whose emissivity rises with temperature: thermochromic (no power), or
    electrochromic, held by `power_w` from the bus."""

    node: Text
    cold_below_c: Celsius
    hot_above_c: Celsius
    cold_emissivity: Share
    hot_emissivity: Share
    power_w: NotNegative = 0.0


class LoopHeatPipe(Controlled, frozen=True, kw_only=True, tag="loop-heat-pipe"):
    """A loop heat pipe from an evaporator's node to a condenser's. Its conductance rises from nothing to all over
    `band_k` above the set point; it starts when it could carry `start_up_w`, stops below `shut_off_w`, and carries
    nothing back. `control_w` heats its compensation chamber (at the evaporator) while it regulates."""

    between: tuple[str, str]
    conductance_w_per_k: Positive
    parasitic_w_per_k: NotNegative = 0.0
    set_point_c: Celsius
    band_k: Annotated[float, Meta(ge=0.1, le=100)] = 5.0
    start_up_w: NotNegative = 0.0
    shut_off_w: NotNegative = 0.0
    control_w: NotNegative = 0.0


class PumpedLoop(Controlled, frozen=True, kw_only=True, tag="pumped-loop"):
    """A pumped fluid loop: a conductance between two nodes while its pump, on a thermostat at the first, runs. The
    pump's watts come from the bus and end at the second."""

    between: tuple[str, str]
    conductance_w_per_k: Positive
    pump_w: Positive
    on_above_c: Celsius
    off_below_c: Celsius


class HeatPump(Controlled, frozen=True, kw_only=True, tag="heat-pump"):
    """A heat pump that lifts heat from the first node to the second, warmer one: `carnot_share` of Carnot's
    coefficient of performance, `max_cop` at most; its power goes from nothing to `power_w` between two temperatures
    of the first node."""

    between: tuple[str, str]
    power_w: Positive
    carnot_share: Annotated[float, Meta(gt=0, le=1)]
    max_cop: Annotated[float, Meta(gt=0, le=50)] = 10.0
    starts_at_c: Celsius
    full_at_c: Celsius


Control = Heater | Louvre | VariableEmissivity | LoopHeatPipe | PumpedLoop | HeatPump
