"""The energy checker: what was generated against where it went, from the meters of a flight."""

from __future__ import annotations

from dataclasses import dataclass

from orbitalcloud.physics.power_heat import EnergyHeat
from orbitalcloud.physics.power_kernel import CURTAILED, ENERGY, GENERATED, LOAD, LOSSES, SHED, STARTED, UNSERVED


@dataclass(frozen=True, slots=True)
class Account:
    """One satellite's energy since its start, in joules; `stored_j` is what its battery has more (or less) than then.

    The meters are summed apart from each other, each step into each, and never from one another: that they balance is
    no definition but a test of every step.
    """

    generated_j: float
    load_j: float
    losses_j: float
    stored_j: float
    curtailed_j: float
    unserved_j: float
    shed_j: float
    started_j: float

    @property
    def residual_j(self) -> float:
        """Generated less load, losses, stored and curtailed: 0 but for rounding."""
        return self.generated_j - self.load_j - self.losses_j - self.stored_j - self.curtailed_j

    @property
    def residual(self) -> float:
        """The residual's size as a share of all the energy there was: generated, and in the battery at the start."""
        return abs(self.residual_j) / max(1.0, self.generated_j + self.started_j)


BALANCED = 1e-9
"""A residual up to this share is rounding: 1e-16 a step over 3 million steps a year, with three digits to spare."""


def account(energy: EnergyHeat, sat: int) -> Account:
    """The energy account of one satellite up to its clock."""
    row = energy.state[sat].tolist()
    return Account(
        row[GENERATED],
        row[LOAD],
        row[LOSSES],
        row[ENERGY] - row[STARTED],
        row[CURTAILED],
        row[UNSERVED],
        row[SHED],
        row[STARTED],
    )
