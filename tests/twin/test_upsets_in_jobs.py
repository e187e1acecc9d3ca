"""Upsets that strike what runs, in flight: what the Log says of them against a run of the same bytes on the ground."""

from types import SimpleNamespace

import pytest

from orbitalcloud.compute import execute, workload
from orbitalcloud.compute.bitflips import Flip, execute_struck, flip_weight
from orbitalcloud.core import DataError, Instant, digest_of, records
from orbitalcloud.core.effects import Run
from orbitalcloud.twin import Flight, Folder
from orbitalcloud.twin.timeline import UpsetStrikes
from orbitalcloud.view.fold import fold
from orbitalcloud.view.sections_guards import trust_section
from orbitalcloud.view.tables import table
from small_missions import SMALL, load_text

SHORT = (
    SMALL.replace("days = 0.3", "days = 0.2")
    .replace("at_h = [0.2, 3]", "at_h = [4.7]")
    .replace('every = "orbit"\nsubmit_at = "on-board"', 'at_h = [1, 2, 3, 4]\nsubmit_at = "on-board"')
)
WEIGHT_BIT = 8 * 20_000 + 6
"""In the protein model's biases or tables: another score, and nothing that its matrix products would show."""


def _bit(number):
    return UpsetStrikes("lpddr-8gb", "bit flip", 0, 0, 547_000, False, number)


def fly(place, guard="", upsets=(), seed=7, text=SHORT):
    """The small mission with these upsets: (hours, or the start of a run of that job, event)."""
    text = text.replace("deadline_min = 120", f"deadline_min = 120\nguard = [{guard}]")
    with Flight.begin(load_text(text), Folder.create(place), seed) as flight:
        carrier, strikes = flight.carrier, dict(upsets)
        plain = carrier.run

        def run(name, effect: Run):
            plain(name, effect)
            event = strikes.pop(effect.run.partition("#")[0], None)
            if event is not None:
                carrier.push(Instant(carrier.now + 20_000), name, event)

        carrier.run = run
        for hours in [one for one in strikes if not isinstance(one, str)]:
            carrier.push(Instant(carrier.now + round(hours * 3600e9)), "sat", strikes.pop(hours))
        while flight.due() is not None:
            flight.step()
        del carrier.run
        flight.finish()
    entries = list(Folder(place).entries())
    pick = lambda kind: [one for one in entries if isinstance(one, kind)]  # noqa: E731
    return SimpleNamespace(
        entries=entries,
        strikes=pick(records.UpsetStruckJob),
        trips=pick(records.GuardTripped),
        finished={one.job: one for one in pick(records.JobFinished)},
        verdicts=pick(records.JobVerified),
        failed={one.job: one for one in pick(records.JobFailed)},
    )


@pytest.fixture(scope="module")
def protein():
    job = workload("protein-fitness")
    data = job.inputs()[0]
    return SimpleNamespace(
        artefact=job.artefact(), data=data, limits=job.limits, clean=execute(job.artefact(), data, job.limits).output
    )


def test_a_model_struck_between_runs_stays_wrong(tmp_path, protein):
    flown = fly(tmp_path / "f", upsets={1.5: _bit(WEIGHT_BIT)})
    wrong = execute(flip_weight(protein.artefact, WEIGHT_BIT), protein.data, protein.limits).output
    assert wrong != protein.clean
    outputs = [flown.finished[f"protein-{n:03d}"].output for n in (1, 2, 3, 4)]
    assert outputs == [digest_of(protein.clean), *[digest_of(wrong)] * 3]
    assert [(one.job, one.fate, one.before) for one in flown.strikes] == [
        (f"protein-{n:03d}", "silent", True) for n in (2, 3, 4)
    ]


def test_a_digest_and_a_restart_put_it_right(tmp_path, protein):
    flown = fly(tmp_path / "f", '"digest", "restart"', {1.5: _bit(WEIGHT_BIT)})
    assert {one.output for name, one in flown.finished.items() if "protein" in name} == {digest_of(protein.clean)}
    assert [(one.job, one.fate) for one in flown.strikes] == [("protein-002", "caught")]
    assert [(one.job, one.guard, one.again) for one in flown.trips] == [("protein-002", "digest", True)]
    first, second, third = (flown.finished[f"protein-{n:03d}"] for n in (1, 2, 3))
    assert second.energy_mj - first.energy_mj == flown.strikes[0].extra_mj > 0
    assert first.energy_mj == third.energy_mj


def test_without_restart_what_is_seen_fails(tmp_path):
    flown = fly(tmp_path / "f", '"digest"', {1.5: _bit(WEIGHT_BIT)})
    assert flown.failed["protein-002"].failure.startswith("guard-digest: ")
    assert "protein-002" not in flown.finished


def test_a_flip_in_a_run_is_the_ground_s(tmp_path, protein):
    sizes = 8 * (len(protein.data))
    weights = 1_453_120
    bit = weights + sizes + 129_414_706  # in the activations
    flown = fly(tmp_path / "f", upsets={"protein-002": _bit(bit), "protein-003": _bit(10**10)})
    struck = execute_struck(protein.artefact, protein.data, protein.limits, Flip("memory", 129_414_706)).output
    assert struck != protein.clean
    (only,) = flown.strikes
    assert (only.job, only.place, only.fate, only.struck) == ("protein-002", "memory", "silent", digest_of(struck))
    assert flown.finished["protein-002"].output == digest_of(struck)
    assert flown.finished["protein-003"].output == digest_of(protein.clean), "a bit beyond the job strikes nothing"


def test_an_interrupt_ends_the_run_unless_it_is_restarted(tmp_path, protein):
    event = UpsetStrikes("jetson-module", "functional interrupt", 0, 0, 547_000, False, -1)
    plain = fly(tmp_path / "a", upsets={"protein-002": event})
    assert plain.failed["protein-002"].failure.startswith("upset: jetson-module")
    again = fly(tmp_path / "b", '"restart"', {"protein-002": event})
    assert again.finished["protein-002"].output == digest_of(protein.clean)
    assert again.finished["protein-002"].duration_ns == again.finished["protein-001"].duration_ns + 20_000


def test_the_report_counts_them(tmp_path):
    flown = fly(tmp_path / "f", '"digest", "restart"', {1.5: _bit(WEIGHT_BIT)})
    flight = fold(flown.entries)
    (row,) = table(flight, "guards").rows
    assert (row["guards"], row["injected"], row["caught"], row["silent"], row["tripped"]) == (
        "digest, restart",
        1,
        1,
        0,
        "digest 1",
    )
    assert "1 caught by a guard" in trust_section(flight)


def test_the_same_seed_gives_the_same_strike(tmp_path):
    event = UpsetStrikes("tpu-v6e-silent", "silent corruption", 0, 0, 547_000, False, -1)
    flights = [fly(tmp_path / name, upsets={"protein-002": event}) for name in "ab"]
    assert flights[0].strikes == flights[1].strikes
    assert len(flights[0].strikes) == 1


BUS = SHORT[SHORT.index("[[satellite]]") : SHORT.index("[[station]]")]
THREE = SHORT.replace(BUS, "".join(BUS.replace('"sat"', f'"{name}"') for name in ("alpha", "beta", "gamma")))
THREE = THREE[: THREE.index('[[job]]\nname = "water-map"')] + THREE[THREE.index('[[job]]\nname = "protein"') :].replace(
    "at_h = [1, 2, 3, 4]", "at_h = [0.1]"
).replace('"on-board"', '"svalbard"')


@pytest.mark.parametrize(("policy", "named"), [("replicate:3", True), ("quorum:3/3", False)])
def test_of_three_copies_the_struck_one_is_named(tmp_path, protein, policy, named):
    struck = _bit(1_453_120 + 8 * len(protein.data) + 129_414_706)
    text = THREE.replace("deadline_min = 120", f'deadline_min = 250\nverify = "{policy}"')
    agree = 2 if named else 3
    flown = fly(tmp_path / "f", upsets={f"protein-001.2of3m{agree}": struck}, text=text)
    (strike,), (verdict,) = flown.strikes, flown.verdicts
    assert (strike.fate, verdict.job, verdict.why.ok) == ("silent", "protein-001", named)
    assert len({one.node for one in flown.finished.values()}) == 3, "three satellites ran it"
    if named:
        assert verdict.wrong == (strike.node,)
        assert verdict.output == digest_of(protein.clean)
    else:
        assert (verdict.why.rule, verdict.right, verdict.wrong) == ("tie", (), ())


def test_more_copies_than_satellites_are_refused(tmp_path):
    text = SHORT.replace("deadline_min = 120", 'deadline_min = 120\nverify = "replicate:2"')
    with pytest.raises(DataError, match="as many satellites"):
        fly(tmp_path / "f", text=text)


def test_the_factor_multiplies_the_upsets(tmp_path):
    """A thousand times the rate gives about a thousand times the upsets: Poisson, so within five of its deviations."""
    counts = []
    for factor in (300, 3000):
        text = SHORT.replace("days = 0.2", "days = 0.1") + f"\n[environment]\nupset_factor = {factor}\n"
        text = text.replace("at_h = [1, 2, 3, 4]", "at_h = [1]").replace("at_h = [4.7]", "at_h = [0.2]")
        flown = fly(tmp_path / str(factor), text=text)
        counts.append(sum(isinstance(one, records.Upset) for one in flown.entries))
    assert abs(counts[1] - 10 * counts[0]) < 5 * (counts[1] + 100 * counts[0]) ** 0.5 + 5
    assert counts[1] > counts[0]
