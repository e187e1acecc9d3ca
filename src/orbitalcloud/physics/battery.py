"""A battery as a store of energy with losses and limits, and one step of the power bus around it.

Energy is conserved to rounding: offered = served + stored + lost + curtailed, asked = served + unserved.
"""

from __future__ import annotations

from dataclasses import dataclass

from numba import njit

from orbitalcloud.core.errors import DataError


@dataclass(frozen=True, slots=True)
class Battery:
    """Capacity, one-way efficiencies, greatest powers at the terminals, and the allowed states of charge (0–1)."""

    capacity_j: float
    charge_efficiency: float = 0.97
    discharge_efficiency: float = 0.97
    max_charge_w: float = 1e9
    max_discharge_w: float = 1e9
    min_state_of_charge: float = 0.0
    max_state_of_charge: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.capacity_j < 1e15:
            raise DataError("battery: capacity_j", self.capacity_j, "choose more than 0 J")
        for name in ("charge_efficiency", "discharge_efficiency"):
            if not 0.01 <= getattr(self, name) <= 1.0:
                raise DataError(f"battery: {name}", getattr(self, name), "choose 0.01 to 1")
        for name in ("max_charge_w", "max_discharge_w"):
            if not 0.0 <= getattr(self, name) < 1e15:
                raise DataError(f"battery: {name}", getattr(self, name), "choose 0 W or more")
        if not 0.0 <= self.min_state_of_charge < self.max_state_of_charge <= 1.0:
            span = f"{self.min_state_of_charge} to {self.max_state_of_charge}"
            raise DataError("battery: state of charge", span, "choose 0 ≤ min < max ≤ 1")

    def row(self) -> tuple[float, ...]:
        """(least energy, greatest energy, charge efficiency, discharge efficiency, greatest charge, discharge)."""
        return (
            self.capacity_j * self.min_state_of_charge,
            self.capacity_j * self.max_state_of_charge,
            self.charge_efficiency,
            self.discharge_efficiency,
            self.max_charge_w,
            self.max_discharge_w,
        )


@njit(cache=True)
def bus_step(energy_j, offered_w, asked_w, seconds, battery):  # type: ignore[no-untyped-def]
    """(energy after, served W, curtailed W, lost W) over a step of `seconds`; `battery` is `Battery.row`.

    Sunlight serves the loads first, then the store; what neither takes is curtailed (left in the panels as heat).
    A store below its least energy charges but does not discharge.
    """
    if offered_w >= asked_w:
        surplus = offered_w - asked_w
        room_w = max(0.0, battery[1] - energy_j) / (battery[2] * seconds)
        taken = min(surplus, battery[4], room_w)
        lost = taken * (1.0 - battery[2])
        return energy_j + taken * battery[2] * seconds, asked_w, surplus - taken, lost
    available_w = max(0.0, energy_j - battery[0]) * battery[3] / seconds
    given = min(asked_w - offered_w, battery[5], available_w)
    lost = given / battery[3] - given
    after = energy_j - given / battery[3] * seconds
    return max(after, min(energy_j, battery[0])), offered_w + given, 0.0, lost
