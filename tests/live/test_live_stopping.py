"""Ctrl-C under the real clock: heard from the first moment, and where the clock cannot be kept up with."""

import asyncio
import os
import signal

import pytest

from orbitalcloud.core import Interrupted
from orbitalcloud.live import serve
from orbitalcloud.mission import load
from orbitalcloud.sim import resume
from orbitalcloud.twin import Folder
from small_missions import SMALL


@pytest.fixture
def mission(tmp_path):
    place = tmp_path / "small.toml"
    place.write_text(SMALL)
    return load(place)


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", [1, 200], ids=["while the flight is made", "while it cannot keep up"])
def test_ctrl_c_stops_between_two_events(mission, flown, tmp_path, number):
    folder, seen = Folder.create(tmp_path / "live"), []

    def watch(entry):
        seen.append(entry)
        if len(seen) == number:
            ctrl_c()

    with pytest.raises(Interrupted, match="go on with: orbital fly --resume"):
        asyncio.run(serve(mission, folder, 7, 1e6, watch=watch))
    assert folder.status().status == "interrupted"
    assert len(seen) < number + 50
    assert (folder.path / "checkpoint.bin").exists()
    assert resume(folder).digest == flown(SMALL).status.digest


def test_whoever_serves_is_given_the_flight_before_its_first_event(mission, tmp_path):
    given = []

    def begun(flight):
        given.append((flight.carrier.events, len(flight.fleet.plan.contacts)))
        ctrl_c()

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted, match="2026-03-20T12:00:00"):
        asyncio.run(serve(mission, Folder.create(tmp_path / "live"), 7, 1e6, begun=begun))
    ((events, contacts),) = given
    assert events == 0
    assert contacts > 0
    assert signal.getsignal(signal.SIGTERM) is before
