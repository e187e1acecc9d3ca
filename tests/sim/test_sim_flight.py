"""A flight end to end: real bundles, real jobs, real signatures, and the same digest every time."""

import hashlib
import json
import os
import signal

import pytest

from orbitalcloud.compute import parse_receipt, verify_by_execution, workload
from orbitalcloud.core import DataError, Interrupted, digest_of, records
from orbitalcloud.mission import find
from orbitalcloud.sim import fly, resume
from orbitalcloud.twin import Folder
from small_missions import ETHEREUM, LYING, REBOOTS, SMALL, TAMPERED, load_text

MISSION = SMALL + ETHEREUM + TAMPERED


def test_the_same_mission_and_seed_give_the_same_log_and_another_seed_another(flown):
    first, second, other = flown(MISSION, 7, "a"), flown(MISSION, 7, "b"), flown(MISSION, 8, "c")
    assert first.folder.log_path.read_bytes() == second.folder.log_path.read_bytes()
    assert first.status.digest == second.status.digest != other.status.digest
    assert first.status.digest == "sha256:" + hashlib.sha256(first.folder.log_path.read_bytes()).hexdigest()


def test_every_job_is_answered_with_a_receipt_that_holds(flown):
    flight = flown(SMALL)
    submitted = {entry.job for entry in flight.of(records.JobSubmitted)}
    results = flight.of(records.ResultDelivered)
    assert len(submitted) >= 6
    open_jobs = submitted - {entry.job for entry in results}
    assert len(open_jobs) <= 1, "only the last job may still be on its way"
    assert all(entry.why.ok for entry in results)
    inputs = {digest_of(data): data for name in ("water-map", "protein-fitness") for data in workload(name).inputs()}
    code = {item.digest: item for item in (workload(name).artefact() for name in ("water-map", "protein-fitness"))}
    for entry in flight.of(records.ReceiptSigned):
        receipt = parse_receipt(entry.receipt.encode())
        result = flight.folder.path / "results" / f"{entry.job}.bin"
        output = result.read_bytes() if result.exists() else None
        assert verify_by_execution(receipt, code[receipt.artefact], inputs[receipt.input], output).ok


def test_a_jobs_joules_leave_the_battery(flown):
    """The load in telemetry, integrated, is platform + payload + radio: the job's energy is in it."""
    heavy = SMALL.replace(
        'artefact = "workload:protein-fitness"', 'modelled = { operations = 3_000_000_000_000_000, precision = "int8" }'
    )
    idle, busy = flown(SMALL, name="idle"), flown(heavy, name="busy")

    def energy_j(flight):
        return sum(entry.load_mw for entry in flight.of(records.Telemetry)) * 60 / 1000

    jobs_j = sum(e.energy_mj for e in busy.of(records.JobFinished)) / 1000
    light_j = sum(e.energy_mj for e in idle.of(records.JobFinished)) / 1000
    busy_s = sum(e.duration_ns for e in busy.of(records.JobFinished)) / 1e9
    assert jobs_j > 10_000
    craft = load_text(SMALL).satellites[0].accelerator
    expected_j = (jobs_j - light_j) - craft.idle_w * busy_s
    assert energy_j(busy) - energy_j(idle) == pytest.approx(expected_j, rel=0.02)
    hottest = max(e.temperatures_mk[2] for e in busy.of(records.Telemetry))
    assert hottest > max(e.temperatures_mk[2] for e in idle.of(records.Telemetry)) + 2000


def test_the_wallet_pays_and_the_chain_says_so(flown):
    flight = flown(MISSION)
    (born,) = flight.of(records.WalletBorn)
    (signed,) = flight.of(records.TransactionSigned)
    by_station, told = flight.of(records.TransactionSettled)
    assert signed.sender == born.address
    assert by_station.hash == told.hash == signed.hash
    assert (by_station.status, by_station.gas_used, by_station.node, told.node) == (1, 21_000, "inuvik", "sat")


def test_a_payment_is_signed_against_a_verified_head_and_proved_under_one(flown):
    flight = flown(MISSION)
    (signed,) = flight.of(records.TransactionSigned)
    by_station, proved = flight.of(records.TransactionSettled)
    heads = {entry.optimistic_slot for entry in flight.of(records.HeadAdvanced) if entry.network == "devnet"}
    assert {signed.proved_slot, proved.proved_slot} <= heads
    assert (by_station.proved_slot, proved.node) == (-1, "sat")
    assert 0 < (proved.at - by_station.at) / 1e9 < 60, "in the same pass"


@pytest.mark.parametrize(
    ("lie", "check"),
    [
        ("unproved", "settlement-proof"),
        ("status", "proof-hash"),
        ("other-receipt", "proof-hash"),
        ("stale-head", "state-head"),
        ("balance", "proof-hash"),
    ],
)
def test_a_lying_station_delays_a_payment_and_neither_loses_nor_doubles_it(flown, lie, check):
    flight = flown(SMALL + ETHEREUM + LYING.replace("LIE", lie))
    refused = flight.of(records.UpdateRefused)
    assert {entry.check for entry in refused} == {check}
    assert all(entry.source.endswith("from inuvik") for entry in refused)
    (signed,) = flight.of(records.TransactionSigned)
    (proved,) = [entry for entry in flight.of(records.TransactionSettled) if entry.node == "sat"]
    assert (proved.hash, proved.status) == (signed.hash, 1)
    assert proved.proved_slot >= 0
    assert proved.at > refused[-1].at


def test_a_chain_without_light_client_data_is_as_told_and_says_so(flown):
    """`verified_state = false` on a chain that is followed: signed at once; the settlement is proved all the same."""
    flight = flown((SMALL + ETHEREUM).replace("chain_id = 31337", "chain_id = 31337\nverified_state = false"))
    (signed,) = flight.of(records.TransactionSigned)
    assert signed.proved_slot == -1
    assert flight.of(records.TransactionSettled)[-1].proved_slot >= 0


def test_the_days_limit_of_the_mission_holds(flown):
    flight = flown((SMALL + ETHEREUM).replace("chain_id = 31337", "chain_id = 31337\ndaily_limit_gwei = 9_000_000"))
    assert not flight.of(records.TransactionSigned)
    (refused,) = flight.of(records.TransactionRefused)
    assert (refused.why.rule, refused.why.limit) == ("wallet-day", 9_000_000)


def silent(days):
    """A mission whose stations are all out for so long; a payment is ordered when they are back."""
    chain = ETHEREUM.split("updates")[0] + ETHEREUM.split("\n]\n", 1)[1].replace(
        "at_h = 0.2", f"at_h = {24 * days + 14.4}"
    )
    text = SMALL.split("[[job]]")[0].replace("days = 0.3", f"days = {days + 1.5}") + chain
    outage = '[[fault]]\nkind = "station-outage"\nat_h = 12\ntarget = "{}"\nduration_min = {}\n'
    outages = (outage.format(name, 1440 * days) for name in ("svalbard", "inuvik"))
    return text.replace("telemetry_s = 60", "telemetry_s = 3600") + "\n".join(outages)


def test_after_a_week_of_silence_six_updates_lead_to_the_head_and_the_wallet_pays(flown):
    """7 × 7,200 slots are six periods of 8,192: an update each, in the first pass, within seconds and 25 kB."""
    flight = flown(silent(7))
    heads = [entry for entry in flight.of(records.HeadAdvanced) if entry.network == "devnet"]
    late = next(at for at in range(1, len(heads)) if heads[at].at - heads[at - 1].at > 6.9 * 86_400e9)
    back = heads[late : late + 6]
    assert [entry.period for entry in back] == [1, 2, 3, 4, 5, 6]
    assert back[-1].at == back[0].at
    assert back[-1].lag_s == 12
    assert sum(entry.size_bytes for entry in back) < 25_000
    assert not flight.of(records.UpdateRefused)
    assert flight.of(records.TransactionSettled)[-1].proved_slot >= 0


def test_after_more_silence_than_weak_subjectivity_bridges_nothing_is_believed_or_signed(flown):
    flight = flown(silent(15))
    (refused,) = flight.of(records.UpdateRefused)
    assert (refused.check, refused.source, refused.network) == ("weak-subjectivity", "own store", "devnet")
    assert not flight.of(records.TransactionSigned)
    (order,) = flight.of(records.TransactionRefused)
    assert order.why.rule == "wallet-state"


def test_genesis_1_tells_the_story(tmp_path):
    """The wallet, the head and its lag, a payment followed to its proof, and a lie that is refused."""
    from orbitalcloud.mission import load
    from orbitalcloud.view.fold import fold
    from orbitalcloud.view.sections_ethereum import costs, ethereum_section
    from orbitalcloud.view.verdict import verdict

    folder = Folder.create(tmp_path / "genesis-1")
    fly(load("genesis-1"), folder, 7)
    flight = fold(folder.entries())
    first, second = [one for one in flight.transactions.values() if one.signed]
    assert first.proved_slot > first.signed_slot > 0
    assert second.proved_slot > second.signed_slot > first.proved_slot
    (lie,) = [one for one in flight.refused_updates if one.network == "devnet"]
    assert second.settled < lie.at < second.proved
    page = ethereum_section(flight)
    assert "inuvik’s word refused" in page
    assert "How old the verified head was" in page
    paying = next(row for row in costs(flight).rows if row["network"] == "devnet")
    assert 20_000 < paying["bytes_per_day"] < 80_000
    assert paying["lag_min_s"] == 12
    assert paying["lag_max_s"] < 3 * 3600
    margins = {margin.name: margin for margin in verdict(flight).margins}
    assert margins["lies about payments believed"].holds
    assert margins["tampered updates let through"].holds


def test_no_secret_is_in_the_log_or_any_file_of_the_flight(flown, tmp_path):
    from eth_account import Account

    from orbitalcloud.twin import Flight

    loaded = load_text(MISSION)
    with Flight.begin(loaded, Folder.create(tmp_path / "secret"), 7) as flight:
        while flight.due() is not None:
            flight.step()
        craft = flight.carrier.nodes["sat"]
        identity, wallet = craft._private, craft.wallet.wallet
        words, key = wallet.recovery_words(), wallet._key
        assert Account.from_key(key).address == wallet.address, "this is the key"
        flight.finish()
    for place in (tmp_path / "secret").rglob("*"):
        if place.is_file():
            data = place.read_bytes()
            for secret in (key, identity):
                assert secret not in data
                assert secret.hex().encode() not in data.lower()
            assert words.encode() not in data


def test_the_light_client_moves_on_real_updates_and_refuses_a_tampered_one(flown):
    flight = flown(MISSION)
    heads = [head for head in flight.of(records.HeadAdvanced) if head.network == "mainnet"]
    assert [head.source.split("/")[-1] for head in heads] == ["checkpoint", "update_1421_deneb", "update_1422_electra"]
    assert [head.finalized_slot for head in heads] == [11640864, 11640928, 11651008]
    assert heads[-1].rotated
    (refused,) = flight.of(records.UpdateRefused)
    assert refused.check == "sync-committee-signature"
    assert refused.source.startswith("tampered")


def test_reboots_lose_nothing_that_was_saved(flown):
    calm, rough = flown(MISSION, name="calm"), flown(MISSION + REBOOTS, name="rough")
    boots = [entry for entry in rough.of(records.NodeStarted) if entry.node == "sat"]
    assert [entry.boot for entry in boots] == [1, 2, 3]
    assert len({entry.public_key for entry in boots}) == 1
    assert len(rough.of(records.WalletBorn)) == 1

    def delivered(flight):
        return {entry.job: entry.output for entry in flight.of(records.ResultDelivered)}

    assert delivered(rough) == delivered(calm)
    assert [e.job for e in rough.of(records.ResultDelivered)].count("water-map-001") == 1
    assert len(rough.of(records.TransactionSigned)) == 1
    heads = [e.finalized_slot for e in rough.of(records.HeadAdvanced) if e.network == "mainnet"]
    assert heads[-1] == 11651008


@pytest.mark.parametrize("stop_at", [40, 300, 500])
def test_an_interrupted_flight_says_so_and_resumes_to_the_same_digest(flown, tmp_path, stop_at):
    text = MISSION + REBOOTS
    whole = flown(text, name="whole")
    folder = Folder.create(tmp_path / "broken")
    seen = []

    def interrupt(entry):
        seen.append(entry)
        if len(seen) == stop_at:
            os.kill(os.getpid(), signal.SIGINT)

    mission = tmp_path / "test.toml"
    mission.write_text(text)
    from orbitalcloud.mission import load

    with pytest.raises(Interrupted, match="--resume"):
        fly(load(mission), folder, 7, watch=interrupt)
    assert folder.status().status == "interrupted"
    assert not (folder.path / "receipts").exists()
    assert resume(folder).digest == whole.status.digest
    assert folder.status().complete
    assert not (folder.path / "checkpoint.bin").exists(), "the nodes' stores hold secrets and have no further use"


@pytest.mark.parametrize("checkpoint_s", [0.01, 1e9], ids=["from its last checkpoint", "from the start, without one"])
def test_a_killed_flight_resumes(flown, tmp_path, monkeypatch, checkpoint_s):
    import orbitalcloud.twin.flight as module
    from orbitalcloud.mission import load

    monkeypatch.setattr(module, "CHECKPOINT_S", checkpoint_s)
    whole = flown(SMALL, name="whole")
    mission = tmp_path / "test.toml"
    mission.write_text(SMALL)
    folder = Folder.create(tmp_path / "killed")

    class Killed(BaseException):
        pass

    def kill(entry):
        if entry.at > load_text(SMALL).starts + 2.5 * 3_600_000_000_000:
            raise Killed

    with pytest.raises(Killed):
        fly(load(mission), folder, 7, watch=kill)
    assert (folder.path / "checkpoint.bin").exists() == (checkpoint_s < 1)
    assert folder.status().status == "flying", "nobody was left to say otherwise, and it does not claim to be whole"
    assert resume(folder).digest == whole.status.digest


def test_what_cannot_be_resumed_says_why(flown, tmp_path):
    flight = flown(SMALL)
    with pytest.raises(DataError, match="complete"):
        resume(flight.folder)
    status = json.loads((flight.folder.path / "flight.json").read_text())
    status["status"] = "interrupted"
    mission = tmp_path / "m.toml"
    mission.write_text(SMALL + "# changed")
    status["mission_path"] = str(mission)
    (flight.folder.path / "flight.json").write_text(json.dumps(status))
    with pytest.raises(DataError, match="changed since"):
        resume(flight.folder)


def test_a_checkpoint_cannot_run_code_of_its_own_choosing(flown, tmp_path):
    import pickle

    from orbitalcloud.twin import World, fleet_of, thaw

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/owned",)

    loaded = load_text(SMALL)
    fleet, _ = fleet_of(loaded, World(loaded))
    for payload in (Evil(), [Evil()]):
        with pytest.raises(DataError, match="damaged"):
            thaw(pickle.dumps(payload), fleet, "checkpoint")
    assert not (tmp_path / "owned").exists()
    with pytest.raises(DataError, match="no flight's checkpoint"):
        thaw(pickle.dumps({}), fleet, "checkpoint")


def test_a_full_disk_is_one_clear_message(tmp_path, monkeypatch):
    folder = Folder.create(tmp_path / "full")
    make = folder.make

    def make_full():
        make()
        folder.log_path.symlink_to("/dev/full")

    monkeypatch.setattr(folder, "make", make_full)
    with pytest.raises(DataError, match="No space left on device"):
        fly(load_text(SMALL), folder, 7)
    assert not folder.status().complete


def test_three_frames_in_ten_lost_and_still_everything_is_delivered_once(flown):
    lossy = (
        SMALL + '\n[[fault]]\nkind = "frame-loss"\nat_h = 0\ntarget = "sat"\nduration_min = 420\nloss_ppm = 300_000\n'
    )
    clean, rough = flown(SMALL, name="clean"), flown(lossy, name="rough")
    assert len(rough.of(records.FrameLost)) > 5

    def outputs(flight):
        return sorted((entry.job, entry.output) for entry in flight.of(records.ResultDelivered))

    assert len(outputs(rough)) == len(set(outputs(rough)))
    assert len(outputs(rough)) >= len(outputs(clean)) - 2
    assert set(outputs(rough)) <= set(outputs(clean))


def test_a_station_that_is_out_is_gone_around(flown):
    out = SMALL + '\n[[fault]]\nkind = "station-outage"\nat_h = 0\ntarget = "inuvik"\nduration_min = 420\n'
    flight = flown(out)
    notices = {e.bundle for e in flight.of(records.BundleCreated) if e.purpose == "notices"}
    came = [e for e in flight.of(records.BundleReceived) if e.node == "svalbard" and e.bundle not in notices]
    assert {e.peer for e in came} == {"sat"}
    assert len(flight.of(records.ResultDelivered)) >= 4


def test_the_log_says_why_a_job_was_refused(flown):
    late = SMALL.replace("deadline_min = 400", "deadline_min = 1")
    flight = flown(late)
    refused = [entry for entry in flight.of(records.JobRefused) if entry.job.startswith("water-map")]
    assert {entry.why.rule for entry in refused} == {"deadline"}
    told = [entry for entry in flight.of(records.ResultDelivered) if entry.job.startswith("water-map")]
    assert told
    assert not any(entry.why.ok for entry in told)


def test_a_low_battery_makes_jobs_wait_for_the_sun(flown):
    low = SMALL.replace("reserve = 0.35", "reserve = 0.35\nbattery = { initial_charge = 0.2, capacity_wh = 40 }")
    low = low.replace("2026-03-20T12:00:00Z", "2026-03-20T12:25:00Z")
    flight = flown(low)
    waits = [entry for entry in flight.of(records.JobDeferred) if entry.job == "protein-001"]
    started = next(entry for entry in flight.of(records.JobStarted) if entry.job == "protein-001")
    assert waits
    assert waits[0].why.rule in {"reserve", "plan"}
    charge = [e for e in flight.of(records.Telemetry) if e.at <= started.at][-1].charge_ppm
    assert charge >= 350_000


def test_a_hot_payload_throttles_and_then_stops_a_run(flown):
    hot = SMALL.replace(
        'artefact = "workload:protein-fitness"',
        'modelled = { operations = 15_000_000_000_000_000, precision = "int8" }',
    )
    hot = hot.replace(
        "reserve = 0.35", "reserve = 0.1\nheat = { payload = { hot_limit_c = 26, heat_capacity_j_per_k = 300 } }"
    )
    flight = flown(hot)
    assert {entry.throttled for entry in flight.of(records.JobStarted)} == {True, False}
    stopped = flight.of(records.JobStopped)[0]
    assert stopped.why.rule == "heat"
    assert stopped.why.value >= stopped.why.limit == 299_150
    again = next(entry for entry in flight.of(records.JobStarted) if entry.at > stopped.at)
    cooled = [entry for entry in flight.of(records.Telemetry) if entry.at <= again.at][-1]
    assert cooled.temperatures_mk[2] < 289_150, "it starts again only out of the throttling range"


def test_a_queue_that_waits_does_not_flood_the_log(flown):
    """Found by flying: a short job behind one that heat kept waiting was planned anew every 50 ms."""
    text = SMALL.replace(
        'artefact = "workload:protein-fitness"',
        'modelled = { operations = 15_000_000_000_000_000, precision = "int8" }',
    )
    cold = "reserve = 0.1\nheat = { payload = { hot_limit_c = 18, heat_capacity_j_per_k = 300 } }"
    flight = flown(text.replace("reserve = 0.35", cold))
    jobs = len(flight.of(records.JobAccepted))
    told = flight.of(records.JobDeferred)
    assert {entry.why.rule for entry in told} >= {"queue", "heat"}
    assert len(told) <= 8 * jobs


def test_a_job_at_the_first_instant_is_judged_by_the_battery_that_there_is(flown):
    flight = flown(SMALL)
    first = next(entry for entry in flight.of(records.JobAccepted) if entry.job == "protein-001")
    assert first.at == load_text(SMALL).starts
    assert first.why.value > 700_000, "of 900,000 at the start, less an eclipse"


def test_a_board_of_bupt_1_that_gets_too_warm_is_stopped_by_the_governor(flown):
    """The flight gives no limit to hold it to (docs/bupt-1.md): at the 14 °C of ours, a long run is stopped there."""
    text = find("bupt-1").read_text()
    cold = "heat.board-b = { heat_capacity_j_per_k = 300, hot_limit_c = "
    assert cold in text
    text = text.replace(cold + "60", cold + "14").replace("operations = 4_000_000", "operations = 30_000_000")
    flight = flown(text)
    stopped = flight.of(records.JobStopped)[0]
    assert stopped.why.rule == "heat"
    assert stopped.why.limit == 287_150
    assert 287_150 <= stopped.why.value < 287_650


def test_no_packaged_mission_refuses_a_job_that_it_could_run(tmp_path):
    from orbitalcloud.mission import load

    for name, refused in (("genesis-1", {"flood-alert-001": "deadline"}), ("iss-orbit", {}), ("bupt-1", {})):
        folder = Folder.create(tmp_path / name)
        loaded = load(name)
        fly(loaded, folder, loaded.mission.seed)
        told = {e.job: e.why.rule for e in folder.entries() if isinstance(e, records.JobRefused)}
        assert told == refused


def test_a_fault_in_the_middle_of_a_restart_begins_it_anew(flown):
    twice = SMALL + "".join(
        f'\n[[fault]]\nkind = "reboot"\nat_h = {at_h}\ntarget = "sat"\n' for at_h in (0, 1.0, 1.005)
    )
    flight = flown(twice)
    starts = load_text(SMALL).starts
    boots = [(e.boot, (e.at - starts) / 1e9) for e in flight.of(records.NodeStarted) if e.node == "sat"]
    assert boots == [(2, 45.0), (4, 3618.0 + 45.0)]


def test_a_node_may_be_called_chain(flown):
    named = SMALL.replace('name = "svalbard"\nsite', 'name = "chain"\nsite').replace(
        'submit_at = "svalbard"', 'submit_at = "chain"'
    )
    plain = flown(SMALL, name="plain")
    flight = flown(named, name="named")
    assert len(flight.of(records.ResultDelivered)) == len(plain.of(records.ResultDelivered))


def test_a_queue_of_jobs_uses_the_sun_of_the_day_and_none_is_refused(flown):
    """Ten jobs sent at once that together need more than the battery holds now."""
    many = "[" + ", ".join(f"0.{n:02}" for n in range(10, 20)) + "]"
    heavy = SMALL.replace("days = 0.3", "days = 1").replace(
        'artefact = "workload:water-map"\nat_h = [0.2, 3]',
        f'modelled = {{ operations = 9_000_000_000_000_000, precision = "int8" }}\nat_h = {many}',
    )
    flight = flown(heavy.replace("deadline_min = 400", "deadline_min = 1400"))
    assert not flight.of(records.JobRefused)
    done = [entry for entry in flight.of(records.JobFinished) if entry.job.startswith("water-map")]
    assert len(done) == 10
    assert min(entry.charge_ppm for entry in flight.of(records.Telemetry)) >= 350_000


def test_a_job_runs_out_when_the_battery_does(flown):
    dead = SMALL.replace("reserve = 0.35", "reserve = 0.0\nbattery = { initial_charge = 0.3, capacity_wh = 20 }")
    dead = dead.replace(
        'artefact = "workload:protein-fitness"',
        'modelled = { operations = 60_000_000_000_000_000, precision = "int8" }',
    ).replace("deadline_min = 120", "deadline_min = 400")
    dead += '\n[[fault]]\nkind = "array-string-loss"\nat_h = 0.1\ntarget = "sat"\nfraction = 1.0\n'
    flight = flown(dead)
    (down,) = flight.of(records.BrownOut)
    assert down.down
    assert flight.of(records.JobStarted)
    assert not [entry for entry in flight.of(records.JobFinished) if entry.energy_mj > 100_000_000]
    assert max(entry.at for entry in flight.of(records.Telemetry)) < down.at, "its computer has no power either"


def test_a_jobs_own_limit_on_its_output_holds(tmp_path):
    from orbitalcloud.compute import Job, JobLimits, Limits, Request, encode_request, workload
    from orbitalcloud.core.events import Commanded
    from orbitalcloud.node import SubmitJob, encode_order
    from orbitalcloud.twin import Flight

    item, loaded = workload("water-map"), load_text(SMALL)
    artefact, data = item.artefact(), item.inputs()[0]
    limits = JobLimits(Limits().fuel, Limits().memory_bytes, 1)
    job = Job("tight", "water", artefact.digest, digest_of(data), loaded.ends, "svalbard", limits=limits)
    order = encode_order(SubmitJob("sat", encode_request(Request(job, data, artefact.data))))
    seen = []
    with Flight.begin(loaded, Folder.create(tmp_path / "tight"), 7, seen.append) as flight:
        flight.carrier.push(loaded.starts, "sat", Commanded("submit-job", order))
        while flight.due() is not None:
            flight.step()
    (failed,) = [entry for entry in seen if isinstance(entry, records.JobFailed)]
    assert (failed.job, failed.failure.split(":")[0]) == ("tight", "output-size")


def test_an_input_larger_than_a_pass_goes_up_in_fragments(flown):
    """788 kB at 8 kbit/s need 13 minutes of contact; no pass lasts that long."""
    slow = SMALL.replace('radio = "s-band-duplex"', 'band = "s"\nup_kbps = 8\ndown_kbps = 100').replace(
        "at_h = [0.2, 3]", "at_h = [0.2]"
    )
    flight = flown(slow)
    (cut,) = {entry.bundle for entry in flight.of(records.BundleFragmented) if "+" not in entry.bundle}
    assert cut.startswith("svalbard/")
    longest_s = max(e.until - e.at for e in flight.of(records.ContactOpened) if e.peer == "sat") / 1e9
    assert longest_s < 788_000 * 8 / 8000
    delivered = [entry for entry in flight.of(records.ResultDelivered) if entry.job == "water-map-001"]
    assert [entry.why.ok for entry in delivered] == [True]
