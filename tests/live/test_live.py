"""The same nodes under the real clock: the same Log; and a clock that a test moves shows it without waiting."""

import asyncio

import pytest

from orbitalcloud.core import DataError
from orbitalcloud.live import serve
from orbitalcloud.twin import Folder
from small_missions import ETHEREUM, REBOOTS, SMALL, load_text


class TestClock:
    """Moves when somebody sleeps."""

    __test__ = False

    def __init__(self):
        self.at = 0.0

    def now(self):
        return self.at

    async def sleep(self, seconds):
        self.at += seconds
        await asyncio.sleep(0)


def test_live_and_sim_give_the_same_records(flown, tmp_path):
    text = SMALL + ETHEREUM + REBOOTS
    simulated = flown(text)
    clock = TestClock()
    folder = Folder.create(tmp_path / "live")
    served = asyncio.run(serve(load_text(text), folder, 7, 1000.0, clock))
    assert folder.log_path.read_bytes() == simulated.folder.log_path.read_bytes()
    assert served.status.digest == simulated.status.digest
    assert clock.at == pytest.approx(0.3 * 86400 / 1000, rel=0.01), "it waited for what it was to wait for"


def test_against_the_real_clock_for_two_seconds(flown, tmp_path):
    text = SMALL.replace("days = 0.3", "days = 0.02").replace("at_h = [0.2, 3]", "at_h = [0.2]")
    served = asyncio.run(serve(load_text(text), Folder.create(tmp_path / "live"), 7, 1500.0))
    assert served.status.digest == flown(text).status.digest


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), 1e9])
def test_a_senseless_speed_is_refused(tmp_path, speed):
    with pytest.raises(DataError, match="speed"):
        asyncio.run(serve(load_text(SMALL), Folder.create(tmp_path / "live"), 7, speed))
