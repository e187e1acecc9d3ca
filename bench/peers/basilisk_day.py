"""Satellites for a day under Basilisk 2.12: orbit, eclipse, panel, battery and sensorThermal. In its own environment.

`basilisk_day.py FILE` reads step, Sun and states from JSON and prints one line of JSON: user CPU seconds to build and
to fly, and of the first ten satellites the sunlit share, the energy that the panel gave, the charge and the temperature
at the end. Its own modules in C++, wired as its scenarios do (scenarioPowerDemo, scenarioTempMeasurementAttitude): the
Earth's point mass, RK4, the conical eclipse of a sphere; a battery with net power; a one-node thermal model. The Sun
stands still for the day, since its ephemeris would need a download. Our five nodes stand against its one.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import numpy as np
from Basilisk.architecture import messaging
from Basilisk.simulation import (
    eclipse,
    sensorThermal,
    simpleBattery,
    simplePowerSink,
    simpleSolarPanel,
    spacecraft,
)
from Basilisk.utilities import SimulationBaseClass, macros, simIncludeGravBody

LOAD_W, PANEL_M2, EFFICIENCY, CAPACITY_J = 12.0, 0.1, 0.25, 277_200.0
SHOWN = 10


def user_s() -> float:
    """User CPU seconds of this process."""
    return getrusage(RUSAGE_SELF).ru_utime


def sky(sun_m: list[float]) -> tuple[object, object, object, object]:
    """The gravity of the Earth, the Sun's and the Earth's messages, and the shadow between them."""
    factory = simIncludeGravBody.gravBodyFactory()
    factory.createEarth().isCentralBody = True
    where = messaging.SpicePlanetStateMsgPayload()
    where.PlanetName = "sun"
    where.PositionVector = sun_m
    sun = messaging.SpicePlanetStateMsg().write(where)
    ground = messaging.SpicePlanetStateMsgPayload()
    ground.PlanetName = "earth"
    ground.J20002Pfix = np.identity(3).tolist()
    planet = messaging.SpicePlanetStateMsg().write(ground)
    shadow = eclipse.Eclipse()
    shadow.sunInMsg.subscribeTo(sun)
    shadow.addPlanetToModel(planet)
    return factory, sun, planet, shadow


def bus_of(craft: object, sun: object, dark: object, normal: list[float]) -> tuple[object, object, object, object]:
    """Panel, load, battery and one thermal node of a satellite, in the shadow message `dark`."""
    panel = simpleSolarPanel.SimpleSolarPanel()
    panel.stateInMsg.subscribeTo(craft.scStateOutMsg)
    panel.sunEclipseInMsg.subscribeTo(dark)
    panel.sunInMsg.subscribeTo(sun)
    panel.setPanelParameters(normal, PANEL_M2, EFFICIENCY)
    sink = simplePowerSink.SimplePowerSink()
    sink.nodePowerOut = -LOAD_W
    battery = simpleBattery.SimpleBattery()
    battery.storageCapacity = CAPACITY_J
    battery.storedCharge_Init = 0.8 * CAPACITY_J
    battery.addPowerNodeToModel(panel.nodePowerOutMsg)
    battery.addPowerNodeToModel(sink.nodePowerOutMsg)
    thermal = sensorThermal.SensorThermal()
    thermal.nHat_B = normal
    thermal.sensorArea, thermal.sensorAbsorptivity, thermal.sensorEmissivity = 0.1, 0.3, 0.8
    thermal.sensorMass, thermal.sensorSpecificHeat, thermal.sensorPowerDraw = 10.0, 900.0, LOAD_W
    thermal.T_0 = 20.0
    thermal.sunInMsg.subscribeTo(sun)
    thermal.stateInMsg.subscribeTo(craft.scStateOutMsg)
    thermal.sunEclipseInMsg.subscribeTo(dark)
    return panel, sink, battery, thermal


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text())
    step_s, sun_m, states = given["step_s"], given["sun_m"], given["states"]
    begun = user_s()
    sim = SimulationBaseClass.SimBaseClass()
    process = sim.CreateNewProcess("day")
    process.addTask(sim.CreateNewTask("step", macros.sec2nano(step_s)))
    factory, sun, planet, shadow = sky(sun_m)
    kept, logs = [factory, sun, planet], []
    crafts = []
    for position, velocity in states:
        craft = spacecraft.Spacecraft()
        craft.hub.r_CN_NInit, craft.hub.v_CN_NInit = position, velocity
        craft.gravField.gravBodies = spacecraft.GravBodyVector(list(factory.gravBodies.values()))
        sim.AddModelToTask("step", craft)
        shadow.addSpacecraftToModel(craft.scStateOutMsg)
        crafts.append(craft)
    sim.AddModelToTask("step", shadow)
    normal = (np.array(sun_m) / np.linalg.norm(sun_m)).tolist()
    for index, craft in enumerate(crafts):
        dark = shadow.eclipseOutMsgs[index]
        panel, _, battery, thermal = models = bus_of(craft, sun, dark, normal)
        for model in models:
            sim.AddModelToTask("step", model)
        kept += models
        if index < SHOWN:
            logged = (dark.recorder(), panel.nodePowerOutMsg.recorder(), battery.batPowerOutMsg.recorder())
            for one in logged:
                sim.AddModelToTask("step", one)
                kept.append(one)
            logs.append((*logged, thermal.temperatureOutMsg))
    sim.InitializeSimulation()
    built = user_s()
    sim.ConfigureStopTime(macros.sec2nano(86_400.0))
    sim.ExecuteSimulation()
    flown = user_s()
    rows = [
        {
            "sunlit": float(np.mean(np.array(light.illuminationFactor)[1:])),
            "generated_j": float(np.sum(np.array(power.netPower)[1:]) * step_s),
            "charge": float(np.array(store.storageLevel)[-1] / CAPACITY_J),
            "celsius": float(heat.read().temperature),
        }
        for light, power, store, heat in logs
    ]
    assert all(math.isfinite(row["celsius"]) for row in rows), "numbers"
    print(json.dumps({"build_s": built - begun, "fly_s": flown - built, "rows": rows}))


if __name__ == "__main__":
    main()
