"""Remake the LG M50's curves of `orbitalcloud.physics.battery_cells` with PyBaMM; prints them.

    python -m venv probe && probe/bin/pip install pybamm && probe/bin/python tools/make_battery.py

Doyle–Fuller–Newman, parameters of O'Regan et al. 2022: open-circuit voltage as that of a discharge at C/50 and 25 °C
from 4.2 to 2.5 V; resistance from the voltage after ten minutes at C/2 from rest, at each tenth of the charge and six
temperatures. The table takes 25 °C, means between the tenths, and 0.30 and 0.25 Ω below the last one, where the pulse
ends too early to be read. Also prints discharges at C/5, C/2 and 1 C, which tests compare with.
"""

from __future__ import annotations

import warnings

import numpy as np
import pybamm

AMPERE_HOURS = 5.0
TEMPERATURES_K = (268.15, 273.15, 283.15, 298.15, 313.15, 318.15)


def discharge(kelvin: float, rate: float, from_v: float, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """(ampere-hours out, volts) at a constant current from rest at `from_v`, to the time or to 2.5 V."""
    values = pybamm.ParameterValues("ORegan2022")
    values["Lower voltage cut-off [V]"] = 2.5
    values["Ambient temperature [K]"] = values["Initial temperature [K]"] = kelvin
    values["Current function [A]"] = AMPERE_HOURS * rate
    made = pybamm.Simulation(pybamm.lithium_ion.DFN(), parameter_values=values)
    solved = made.solve(np.linspace(0.0, seconds, 241), initial_soc=f"{from_v:.5f} V")
    return solved["Discharge capacity [A.h]"].entries, solved["Terminal voltage [V]"].entries


def main() -> None:
    warnings.filterwarnings("ignore")
    out, volts = discharge(298.15, 0.02, 4.2, 3600 * 55)
    share = np.linspace(0.0, 1.0, 21)
    print("capacity", out[-1], "Ah; open-circuit voltage", np.interp((1.0 - share) * out[-1], out, volts).round(3))
    for kelvin in TEMPERATURES_K:
        ohms = []
        for tenth in range(1, 11):
            gone = (1.0 - tenth / 10) * out[-1]
            spent, under = discharge(kelvin, 0.5, float(np.interp(gone, out, volts)), 600.0)
            ohms.append((np.interp(gone + spent[-1], out, volts) - under[-1]) / (0.5 * AMPERE_HOURS))
        print(kelvin, "K: ohms at 0.1 to 1.0", np.round(ohms, 5))
    for kelvin in (273.15, 283.15, 298.15, 313.15):
        for rate in (0.2, 0.5, 1.0):
            spent, under = discharge(kelvin, rate, 4.2, 3960.0 / rate)
            at = [x for x in (0.5, 1.0, 2.0, 3.0, 3.5, 4.0) if x < spent[-1]]
            print(kelvin, "K,", rate, "C: ends at", spent[-1], "Ah;", at, np.interp(at, spent, under).round(3))


if __name__ == "__main__":
    main()
