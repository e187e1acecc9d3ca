"""A hundred satellites under PASEOS, for a slice of a day. Runs in PASEOS's own environment, with our stand-in pykep.

`paseos_flight.py SATELLITES MINUTES` prints one line of JSON: user CPU seconds of the slice, of its halves, of the
stand-in inside it, of the start-up before it, and of one line-of-sight check. One PASEOS instance a satellite, each
with its orbit, battery, solar panel and one-node thermal model, stepped by `advance_time(60 s)` in turn: what its own
multi-satellite example does, without the plots.
"""

from __future__ import annotations

import json
import math
import sys
from resource import RUSAGE_SELF, getrusage

import paseos
import pykep
from paseos import ActorBuilder, GroundstationActor, SpacecraftActor

STEP_S = 60.0
EPOCH = 9575.5  # 2026-03-20 12:00, days after 2000-01-01 00:00: the start of walker-100
PLANES, INCLINATION_DEG, ALTITUDE_M = 10, 97.6, 550e3  # walker-100's constellation
LOAD_W = 12.0
SIGHT_SATELLITES = 2
STATIONS = {  # latitude °, longitude °, height m: walker-100's six
    "svalbard": (78.23, 15.39, 450.0),
    "troll": (-72.01, 2.53, 1270.0),
    "inuvik": (68.32, -133.55, 50.0),
    "punta-arenas": (-52.93, -70.86, 20.0),
    "awarua": (-46.53, 168.38, 10.0),
    "hartebeesthoek": (-25.89, 27.69, 1550.0),
}


def user_s() -> float:
    """User CPU seconds of this process."""
    return getrusage(RUSAGE_SELF).ru_utime


def state(index: int, total: int, mu: float, radius: float) -> tuple[list[float], list[float]]:
    """Position and velocity of one satellite of a Walker star, phasing 1."""
    each = total // PLANES or 1
    plane, slot = divmod(index, each)
    node = math.pi * plane / PLANES
    along = 2 * math.pi * (slot / each + plane / total)
    tilt = math.radians(INCLINATION_DEG)
    r = radius + ALTITUDE_M
    v = math.sqrt(mu / r)
    p = (math.cos(node), math.sin(node), 0.0)
    q = (-math.sin(node) * math.cos(tilt), math.cos(node) * math.cos(tilt), math.sin(tilt))
    place = [r * (math.cos(along) * a + math.sin(along) * b) for a, b in zip(p, q, strict=True)]
    speed = [v * (math.cos(along) * b - math.sin(along) * a) for a, b in zip(p, q, strict=True)]
    return place, speed


def satellite(index: int, total: int) -> paseos.PASEOS:
    """One PASEOS instance with one local actor."""
    when, earth = pykep.epoch(EPOCH), pykep.planet.jpl_lp("earth")
    actor = ActorBuilder.get_actor_scaffold(f"w-{index:03d}", SpacecraftActor, when)
    ActorBuilder.set_orbit(actor, *state(index, total, earth.mu_self, earth.radius), when, earth)
    ActorBuilder.set_power_devices(actor, 400e3, 500e3, 40.0)
    ActorBuilder.set_thermal_model(actor, 20.0, 290.0, 0.6, 0.6, 0.1, 0.1, 0.6, 900.0)
    settings = paseos.load_default_cfg()
    settings.sim.start_time = when.mjd2000 * pykep.DAY2SEC
    settings.sim.dt = STEP_S
    settings.io.logging_interval = STEP_S
    return paseos.init_sim(actor, settings)


def stations() -> list[GroundstationActor]:
    """The ground, as actors."""
    made = []
    for name, place in STATIONS.items():
        actor = ActorBuilder.get_actor_scaffold(name, GroundstationActor, pykep.epoch(EPOCH))
        ActorBuilder.set_ground_station_location(actor, *place, minimum_altitude_angle=5)
        made.append(actor)
    return made


def fly(fleet: list[paseos.PASEOS], steps: int) -> float:
    """User CPU seconds of `steps` steps of every satellite."""
    begun = user_s()
    for _ in range(steps):
        for one in fleet:
            one.advance_time(STEP_S, LOAD_W)
    return user_s() - begun


def sight_s(fleet: list[paseos.PASEOS], ground: list[GroundstationActor]) -> float:
    """User CPU seconds of one line-of-sight check, between one satellite and one station."""
    begun, checks = user_s(), 0
    while user_s() - begun < 1.0:
        for one in fleet:
            for station in ground:
                one.local_actor.is_in_line_of_sight(station, one.local_time)
                checks += 1
    return (user_s() - begun) / checks


def main() -> None:
    total, minutes = int(sys.argv[1]), int(sys.argv[2])
    fleet = [satellite(index, total) for index in range(total)]
    fly(fleet[:1], 1)  # what is made at the first step is start-up
    begun, before = user_s(), pykep.planet.spent[0]
    steps = round(minutes * 60 / STEP_S)
    halves = [fly(fleet, steps // 2), fly(fleet, steps - steps // 2)]
    after = pykep.planet.spent[0]
    monitor = fleet[-1].monitor
    print(
        json.dumps(
            {
                "steps": steps * total,
                "slice_s": sum(halves),
                "halves_s": halves,
                "stand_in_s": after - before,
                "start_s": begun,
                "sight_s": sight_s(fleet[:SIGHT_SATELLITES], stations()),
                "kelvin": monitor["temperature"][-1],
                "charge": monitor["state_of_charge"][-1],
            }
        )
    )


if __name__ == "__main__":
    main()
