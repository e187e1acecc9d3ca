"""A night too long for its battery: loads are shed, safe mode, a brown-out; and everything comes back."""

import asyncio

import pytest

from orbitalcloud.core import records
from orbitalcloud.core.time import MINUTE
from orbitalcloud.live import serve
from orbitalcloud.sim import resume
from orbitalcloud.twin import Folder
from orbitalcloud.view.fold import fold
from orbitalcloud.view.verdict import verdict
from small_missions import SMALL, load_text

HUNGRY = SMALL.replace(
    "reserve = 0.35", "reserve = 0.5\nsafe_w = 15\nbattery = { capacity_wh = 9, series = 2 }"
).replace(
    'artefact = "workload:protein-fitness"', 'modelled = { operations = 9_000_000_000_000_000, precision = "int8" }'
)
BROKEN = (
    SMALL.replace("days = 0.3", "days = 0.6")
    + """
[[fault]]
kind = "array-string-loss"
at_h = 0.5
target = "sat"
strings = 6
"""
)


def test_a_bus_sheds_goes_safe_browns_out_and_recovers(flown):
    flight = flown(HUNGRY)
    modes, sheds, downs = flight.of(records.SafeMode), flight.of(records.LoadsShed), flight.of(records.BrownOut)
    first_down = next(entry.at for entry in downs if entry.down)
    first_up = next(entry.at for entry in downs if not entry.down)
    assert modes[0].active
    assert modes[0].why.rule == "safe-mode"
    assert modes[0].at < first_down < first_up
    assert sheds[0].off == ("payload",)
    assert sheds[0].at <= first_down, "the payload goes first, the platform last"
    boots = [entry for entry in flight.of(records.NodeStarted) if entry.node == "sat"]
    assert len(boots) == 1 + sum(not entry.down for entry in downs), "power that returns is a reboot"
    assert boots[1].at == first_up + 45 * 10**9
    assert boots[1].public_key == boots[0].public_key
    told = [entry for entry in flight.of(records.Telemetry) if first_down <= entry.at < boots[1].at]
    assert not told, "a satellite without power says nothing"
    awake = [entry.at for entry in modes if not entry.active]
    assert any(at > first_up for at in awake), "it leaves safe mode when the battery has recovered"
    assert sheds[-1].off == () or sheds[-1].at > first_up


def test_no_job_is_lost_without_a_word(flown):
    """Every job that was submitted has a result, a refusal, or waits with its Why at the end."""
    flight = flown(HUNGRY)
    submitted = {entry.job for entry in flight.of(records.JobSubmitted)}
    answered = {entry.job for entry in flight.of(records.ResultDelivered) + flight.of(records.JobRefused)}
    explained = {entry.job for entry in flight.of(records.JobDeferred)}
    begun = {entry.job for entry in flight.of(records.JobStarted)}
    assert submitted
    for job in submitted - answered:
        assert job in explained | begun or job in {e.job for e in flight.of(records.JobAccepted)}
    stopped = [entry for entry in flight.of(records.JobStopped) if entry.why.rule in ("safe-mode", "reserve", "shed")]
    again = flight.of(records.JobStarted)
    for entry in stopped:
        later = [one for one in again if one.job == entry.job and one.at > entry.at]
        refused = [one for one in flight.of(records.JobRefused) if one.job == entry.job]
        waits = [one for one in flight.of(records.JobDeferred) if one.job == entry.job and one.at >= entry.at]
        assert later or refused or waits


def test_lost_strings_starve_it_slowly(flown):
    """Two of eight strings give 18 W where 21 W are asked: safe mode, which asks 8 W, saves it from a brown-out."""
    flight = flown(BROKEN)
    assert any(entry.active for entry in flight.of(records.SafeMode))
    assert not flight.of(records.BrownOut)
    fault = next(entry for entry in flight.of(records.FaultInjected) if entry.fault == "array-string-loss")
    assert "6 of the array's 8 strings" in fault.text


def test_energy_adds_up_and_the_verdict_says_so(flown):
    flight = flown(HUNGRY)
    (account,) = flight.of(records.EnergyAccount)
    parts = account.load_mj + account.losses_mj + account.stored_mj + account.curtailed_mj
    assert abs(account.generated_mj - parts) <= 3, "each is rounded to a millijoule"
    assert account.residual_ppt < 1000
    assert account.shed_mj > 0
    assert 900_000 < account.capacity_ppm < 1_000_000
    judged = verdict(fold(flight.entries))
    names = {margin.name: margin for margin in judged.margins}
    assert names["energy accounted for"].holds
    assert not names["safe modes"].holds
    assert not names["loads shed"].holds
    assert "ppm" in names["energy accounted for"].margin


def test_live_gives_the_same_log_through_brown_out_and_recovery(flown, tmp_path):
    simulated = flown(HUNGRY)

    class Clock:
        at = 0.0

        def now(self):
            return self.at

        async def sleep(self, seconds):
            self.at += seconds
            await asyncio.sleep(0)

    folder = Folder.create(tmp_path / "live")
    served = asyncio.run(serve(load_text(HUNGRY), folder, 7, 1000.0, Clock()))
    assert served.status.digest == simulated.status.digest


@pytest.mark.parametrize("share", [0.3, 0.55])
def test_an_interrupted_flight_goes_on_through_its_safe_mode(flown, tmp_path, share):
    from orbitalcloud.core import Interrupted
    from orbitalcloud.mission import load
    from orbitalcloud.twin import Flight

    whole = flown(HUNGRY)
    path = tmp_path / "hungry.toml"
    path.write_text(HUNGRY)
    loaded = load(str(path))
    folder = Folder.create(tmp_path / "broken")
    stop = loaded.starts + round(share * (loaded.ends - loaded.starts))
    with Flight.begin(loaded, folder, 7) as flight:
        while (due := flight.due()) is not None and due <= stop:
            flight.step()
        assert isinstance(flight.stop(), Interrupted)
    assert stop - loaded.starts > 60 * MINUTE
    left = [entry for entry in whole.entries if not isinstance(entry, records.FlightStarted)]
    status = resume(folder)
    assert status.status == "complete"
    again = [entry for entry in folder.entries() if not isinstance(entry, records.FlightStarted)]
    assert again == left
