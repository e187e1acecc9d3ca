"""What the verbs say of a flight: one small flight, flown once; each test looks at it or at a copy."""

import csv
import hashlib
import io
import json
import shutil
from pathlib import Path

import pytest

from orbitalcloud.cli.fitting import fitting
from orbitalcloud.cli.run import run
from orbitalcloud.core import Interrupted
from orbitalcloud.core.log import read_log
from orbitalcloud.view.fold import fold
from orbitalcloud.view.tables import KINDS, table
from small_missions import ETHEREUM, SMALL, TAMPERED


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a mission and its flight below flights/."""
    folder = tmp_path_factory.mktemp("place")
    memory = "devices = [" + ", ".join(['"sram-4mbit"'] * 8) + "]"
    mission = SMALL.replace("reserve = 0.35", f"reserve = 0.35\n{memory}")
    (folder / "small.toml").write_text(mission + ETHEREUM + TAMPERED)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["fly", "small.toml"]) == 0
    return folder


@pytest.fixture(autouse=True)
def there(place, monkeypatch):
    monkeypatch.chdir(place)


@pytest.fixture
def orbital(capsys):
    """Run a command line; gives (exit code, stdout, stderr)."""

    def command(*arguments):
        code = run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return command


def as_json(told):
    code, out, _ = told
    assert code == 0
    return json.loads(out)


# fly ----------------------------------------------------------------------------------------------------------------


def test_the_end_of_fly_is_short_and_says_how_to_check_it(orbital, place):
    code, out, err = orbital("fly", "small.toml", "--out", "again")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("✓ small closes; 7 of 7 jobs came back")
    assert len(lines) < 16
    words = dict(line.strip().split("  ", 1) for line in lines if line.startswith(("  digest", "  check", "  report")))
    digest = hashlib.sha256((place / "again" / "log.jsonl").read_bytes()).hexdigest()
    assert words["digest"].strip() == f"sha256:{digest}"
    assert words["check"].strip() == "sha256sum again/log.jsonl"
    assert Path(words["report"].strip()).read_text().startswith("<!doctype html>")
    margins = [line for line in lines if line.startswith("  ✓")]
    assert len(margins) == 5
    assert len({line.index(" sat ") for line in margins}) == 1, "the columns are aligned"
    assert "of CPU" in err
    assert (place / "again" / "log.jsonl").read_bytes() == (place / "flights" / "small" / "log.jsonl").read_bytes()
    shutil.rmtree(place / "again")


def test_the_progress_line_knows_the_next_pass(orbital, place, tmp_path, monkeypatch):
    from orbitalcloud.cli import output
    from orbitalcloud.cli.flying import Line
    from orbitalcloud.mission import load
    from orbitalcloud.twin import Flight, Folder

    line = Line()
    with Flight.begin(load("small.toml"), Folder.create(tmp_path / "flight"), 7) as flight:
        line.expect(flight)
    log = place / "flights" / "small" / "log.jsonl"
    opened = [entry for entry in map(json.loads, log.read_bytes().splitlines()) if entry["kind"] == "contact-opened"]
    seen = [(entry["at"], entry["peer"]) for entry in opened if entry["node"] == "sat"]
    assert line.next_pass("sat", 0) == seen[0]
    assert line.next_pass("sat", seen[0][0]) == seen[1]
    assert line.next_pass("sat", seen[-1][0] + 10**15) is None
    monkeypatch.setattr(output, "terminal", lambda: True)
    assert orbital("fly", "small.toml", "--out", tmp_path / "watched")[0] == 0


def test_fly_chooses_a_free_name_and_takes_none_that_is_taken(orbital, place):
    before = (place / "flights" / "small" / "log.jsonl").read_bytes()
    code, out, err = orbital("fly", "small.toml", "--out", "flights/small")
    assert (code, out) == (2, "")
    assert "it exists" in err
    assert (place / "flights" / "small" / "log.jsonl").read_bytes() == before
    told = as_json(orbital("fly", "small.toml", "--seed", "8", "--json"))
    assert told["folder"] == "flights/small-2"
    assert told["seed"] == 8
    code, _, err = orbital("fly", "--resume", "small-2")
    assert code == 2
    assert "this flight is complete" in err
    shutil.rmtree(place / "flights" / "small-2")


def test_serve_ends_like_fly(orbital, place):
    code, out, err = orbital("serve", "small.toml", "--speed", "1000000", "--out", "live", "--json")
    assert code == 0
    assert "latest event" in err
    flown = json.loads((place / "flights" / "small" / "flight.json").read_text())
    assert json.loads(out)["digest"] == flown["digest"]
    shutil.rmtree(place / "live")


# get ----------------------------------------------------------------------------------------------------------------


ELSEWHERE = {"settlement", "strikes", "guards", "verdicts", "messages", "resilience"}
"""Flown in test_settlement_4, test_upsets_in_jobs and test_partition_flight."""


@pytest.mark.parametrize("kind", sorted(set(KINDS) - ELSEWHERE))
def test_get_every_kind_as_text_json_and_csv(orbital, kind):
    rows = as_json(orbital("get", kind, "--json"))
    code, out, err = orbital("get", kind)
    assert (code, err) == (0, "")
    assert rows
    lines = out.splitlines()
    assert len(lines) == len(rows) + 1, "a row is a line where nobody looks"
    assert all(line == line.rstrip() for line in lines)
    _, text, _ = orbital("get", kind, "--csv")
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(rows)
    assert orbital("get", kind.removesuffix("s"), "--json")[1] == orbital("get", kind.upper(), "--json")[1]


def test_get_one_tells_its_story(orbital):
    code, out, _ = orbital("get", "job", "water-map-001")
    assert code == 0
    for word in ("submitted", "accepted", "started", "finished", "delivered", "svalbard"):
        assert word in out
    told = as_json(orbital("get", "job", "water-map-001", "--json"))
    assert told["state"] == "delivered"
    assert told["story"]
    _, text, _ = orbital("get", "job", "water-map-001", "--csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["job"] == "water-map-001"
    code, _, err = orbital("get", "job", "nothing")
    assert code == 2
    assert "this flight has protein-001, water-map-001" in err
    assert orbital("get", "job", "water")[0] == 2, "two begin so"


def test_what_went_well_needs_no_reason(orbital):
    _, out, _ = orbital("get", "jobs")
    assert "signature: signed by" not in out
    assert all(row["why"] for row in as_json(orbital("get", "jobs", "--json")))
    assert "sync-committee-signature" in orbital("get", "heads")[1]


@pytest.mark.parametrize("width", [100, 120, 160])
def test_a_narrow_terminal_loses_columns_not_letters(place, width):
    with (place / "flights" / "small" / "log.jsonl").open("rb") as lines:
        flight = fold(read_log(lines))
    for kind in KINDS:
        shown, gone = fitting(table(flight, kind), width)
        assert len(shown.columns) + len(gone) == len(table(flight, kind).columns) or not gone
        columns = [
            column for column in shown.columns if not column.wide and column.name not in ("why", "text", "orbit")
        ]
        texts = [
            [column.say(row[column.name] or 0) if row[column.name] else "" for row in shown.rows] for column in columns
        ]
        seen = [
            max(len(column.title), *map(len, cells)) for column, cells in zip(columns, texts, strict=True) if any(cells)
        ]
        assert sum(seen) + 2 * (len(seen) - 1) <= width


# logs ---------------------------------------------------------------------------------------------------------------


def test_logs_as_json_are_the_logs_own_bytes(orbital, place):
    code, out, _ = orbital("logs", "--json")
    assert code == 0
    assert out.encode() == (place / "flights" / "small" / "log.jsonl").read_bytes()


def test_logs_by_node_kind_and_last(orbital):
    _, out, _ = orbital("logs", "sat", "--kind", "job-finished", "--last", "2", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["node"], line["kind"]) for line in lines] == [("sat", "job-finished")] * 2
    _, words, _ = orbital("logs", "sat", "--kind", "job-finished", "-n", "2")
    assert len(words.splitlines()) == 2
    assert words.startswith("2026-03-20T")
    code, out, err = orbital("logs", "svalbart")
    assert (code, out) == (2, "")
    assert 'did you mean "svalbard"?' in err


def test_following_a_complete_flight_ends(orbital):
    code, out, _ = orbital("logs", "-f", "--kind", "flight-ended")
    assert code == 0
    assert len(out.splitlines()) == 1


# verify -------------------------------------------------------------------------------------------------------------


def receipt(place, job="water-map-001"):
    return place / "flights" / "small" / "receipts" / f"{job}.json"


def changed(place, tmp_path, **fields):
    told = json.loads(receipt(place).read_text())
    copy = tmp_path / "receipt.json"
    copy.write_text(json.dumps({**told, **fields}))
    return copy


def rules(told, code):
    assert told[0] == code
    found = json.loads(told[1])
    assert found["holds"] is (code == 0)
    return [check["rule"] for check in found["checks"]]


def test_a_receipt_in_its_flight_holds_with_key_and_result(orbital, place):
    assert rules(orbital("verify", receipt(place), "--json"), 0) == ["signature", "output-digest"]
    code, out, err = orbital("verify", receipt(place))
    assert (code, err) == (0, "")
    assert out.count("✓") == 2


def test_a_receipt_elsewhere_says_what_it_does_not_prove(orbital, place, tmp_path):
    copy = changed(place, tmp_path)
    code, out, err = orbital("verify", copy)
    assert code == 0
    assert out.count("✓") == 1
    assert "not checked: whose key" in err
    assert "not checked: the result" in err
    key = json.loads(copy.read_text())["public_key"]
    result = place / "flights" / "small" / "results" / "water-map-001.bin"
    code, out, err = orbital("verify", copy, "--key", key, "--output", result)
    assert (code, err) == (0, "")
    assert out.count("✓") == 2


@pytest.mark.parametrize("job", ["water-map-001", "protein-001"])
def test_a_receipt_holds_by_execution(orbital, place, job):
    found = rules(orbital("verify", receipt(place, job), "--execute", "--json"), 0)
    assert found[-1] == "execution"


def test_tampering_is_a_no(orbital, place, tmp_path):
    told = json.loads(receipt(place).read_text())
    for fields in (
        {"energy_mj": told["energy_mj"] + 1},
        {"satellite": "other"},
        {"output": "sha256:" + "0" * 64},
        {"signature": "00" * 64},
    ):
        assert rules(orbital("verify", changed(place, tmp_path, **fields), "--json"), 1) == ["signature"]
    assert rules(orbital("verify", changed(place, tmp_path), "--key", "ab" * 32, "--json"), 1) == ["public-key"]
    wrong = ("--output", place / "small.toml", "--json")
    assert rules(orbital("verify", changed(place, tmp_path), *wrong), 1) == ["signature", "output-digest"]


def test_a_receipt_of_no_satellite_of_this_flight_is_a_no(orbital, place, tmp_path):
    copy = tmp_path / "flight"
    shutil.copytree(place / "flights" / "small", copy)
    told = json.loads(receipt(place).read_text())
    (copy / "receipts" / "spy.json").write_text(json.dumps({**told, "satellite": "spy"}))
    assert rules(orbital("verify", copy / "receipts" / "spy.json", "--json"), 1) == ["satellite"]


def test_what_is_no_receipt_is_an_error(orbital, place, tmp_path):
    for wrong, word in (
        (place / "small.toml", "not a receipt"),
        (place / "flights" / "small" / "log.jsonl", "more than"),
        (tmp_path, "Is a directory"),
        (changed(place, tmp_path, extra=1), "extra"),
    ):
        code, out, err = orbital("verify", wrong)
        assert (code, out) == (2, "")
        assert word in err
        assert len(err.splitlines()) == 1
    code, _, err = orbital("verify", receipt(place), "--key", "abcd")
    assert code == 2
    assert "64 hex digits" in err
    assert orbital("verify", receipt(place), "--input", "small.toml")[0] == 2
    code, _, err = orbital("verify", receipt(place), "--execute", "--artefact", "small.toml")
    assert code == 2
    assert "neither an ONNX model nor a WASM module" in err


# export and report --------------------------------------------------------------------------------------------------


def test_export_every_form(orbital, tmp_path):
    assert as_json(orbital("export"))[0]["version"] == "1.0"
    assert orbital("export", "--as", "oem")[1].startswith("CCSDS_OEM_VERS")
    assert as_json(orbital("export", "--as", "oem", "--json"))["text"].startswith("CCSDS_OEM_VERS")
    code, text, _ = orbital("export", "--as", "csv", "--kind", "job")
    assert code == 0
    assert len(list(csv.DictReader(io.StringIO(text)))) == 7
    for form in ("czml", "oem", "csv", "parquet"):
        out = tmp_path / f"flight.{form}"
        told = as_json(orbital("export", "--as", form, "--out", out, "--json"))
        assert told == {"file": str(out), "bytes": out.stat().st_size}
        assert out.stat().st_size > 500
    assert len(list(tmp_path.iterdir())) == 4, "nothing half-written lies beside them"


def test_export_contact_plan(orbital):
    """ION's text, which reads back as contacts of the flight's nodes with a rate and a light time."""
    from orbitalcloud.core import SECOND, parse_instant
    from orbitalcloud.network import read_plan

    code, text, _ = orbital("export", "--as", "ion")
    assert code == 0
    names = {f"ipn:{line.split()[1]}": line.split()[3] for line in text.splitlines() if line.startswith("# ")}
    found = read_plan(text, parse_instant("2000-01-01T00:00:00Z"))
    assert found
    assert {names[name] for contact in found for name in (contact.sender, contact.receiver)} == set(names.values())
    assert all(contact.rate_bps > 0 and contact.light_time_ns == SECOND for contact in found)


def test_export_elements(orbital, tmp_path):
    """What others fly by SGP4: the flight's orbit as an OMM and as two lines, of which both readers make the same."""
    from orbitalcloud.physics import Orbits, TwoLine, parse_omms

    code, text, _ = orbital("export", "--as", "omm")
    assert code == 0
    assert "COMMENT fitted to" in text
    (message,) = parse_omms(text)
    (again,) = parse_omms(orbital("export", "--as", "omm", "--json")[1])
    assert message == again
    name, first, second = orbital("export", "--as", "tle")[1].splitlines()
    assert name == message.name == "sat"
    times = [message.epoch, message.epoch + 3_600_000_000_000]
    places = Orbits.of([TwoLine(first, second), message]).position_teme_m(times)
    assert abs(places[0] - places[1]).max() < 1e3
    out = tmp_path / "flight.tle"
    assert as_json(orbital("export", "--as", "tle", "--out", out, "--json"))["bytes"] == out.stat().st_size > 140
    code, _, err = orbital("export", "--as", "tle", "--satellite", "other")
    assert code == 2
    assert "sat" in err


def test_export_where_it_cannot(orbital, tmp_path):
    for form in ("czml", "parquet"):
        code, out, err = orbital("export", "--as", form, "--out", tmp_path / "no" / "where")
        assert (code, out) == (2, "")
        assert "No such file or directory: name a file that can be written" in err
    code, _, err = orbital("export", "--as", "oem", "--satellite", "other")
    assert code == 2
    assert "this flight has: sat" in err
    code, _, err = orbital("export", "--out", "/dev/full")
    assert code == 2
    assert "No space left on device" in err


def test_report_is_made_anew(orbital, place):
    page = place / "flights" / "small" / "report.html"
    first = page.read_text()
    page.unlink()
    told = as_json(orbital("report", "--json"))
    assert told["complete"]
    whole = page.read_text()
    page.unlink()
    orbital("report")
    assert page.read_text() == whole
    assert "orbital fly ./small.toml --seed 7" in first
    assert "orbital report adds them" in first
    assert "orbital report adds them" not in whole
    assert len(whole) > len(first), "the year, the end of life and what would relax it"


# Flights that are not whole -----------------------------------------------------------------------------------------


@pytest.fixture
def broken(place, tmp_path, monkeypatch):
    """An interrupted flight, stopped after 400 entries as Ctrl-C does."""
    from orbitalcloud.mission import load
    from orbitalcloud.twin import Flight, Folder

    folder = Folder.create(tmp_path / "broken")
    with Flight.begin(load("small.toml"), folder, 7) as flight:
        while flight.log.entries < 400:
            flight.step()
        assert isinstance(flight.stop(), Interrupted)
    folder.release()
    return tmp_path / "broken"


def test_an_interrupted_flight_says_so_and_shows_what_there_is(orbital, broken):
    code, out, err = orbital("get", "jobs", "--flight", broken)
    assert code == 0
    assert "water-map-001" in out
    assert "was interrupted at 2026-03-20T" in err
    assert f"orbital fly --resume {broken}" in err
    code, out, err = orbital("report", broken)
    assert code == 1
    assert "interrupted" in Path(out.strip()).read_text()
    code, out, _ = orbital("logs", "--flight", broken, "--json")
    assert code == 0
    assert out.encode() == (broken / "log.jsonl").read_bytes()
    assert orbital("logs", "--flight", broken, "-f", "-n", "1")[0] == 0, "nobody flies it: there is nothing to wait for"


def test_resuming_gives_the_digest_of_an_unbroken_flight(orbital, place, broken):
    told = as_json(orbital("fly", "--resume", broken, "--json"))
    assert told["digest"] == json.loads((place / "flights" / "small" / "flight.json").read_text())["digest"]
    assert "orbital fly ./small.toml --seed 7" in Path(told["report"]).read_text()


def test_a_flight_that_is_being_flown_is_not_resumed(orbital, broken):
    from orbitalcloud.twin import Folder

    other = Folder.open(broken)
    other.claim()
    code, _, err = orbital("fly", "--resume", broken)
    assert code == 2
    assert "another process flies it" in err
    assert "still flying" in orbital("get", "jobs", "--flight", broken)[2]
    other.release()
    assert orbital("fly", "--resume", broken)[0] == 0


def test_damaged_flights_are_told(orbital, place, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(place / "flights" / "small", copy)
    log = copy / "log.jsonl"
    whole = log.read_bytes()
    for damaged in (whole[:-7], whole.replace(b'"charge_ppm":9', b'"charge_ppm":8', 1)):
        log.write_bytes(damaged)
        for verb in (["report", copy], ["get", "jobs", "--flight", copy], ["export", copy]):
            code, out, err = orbital(*verb)
            assert (code, out) == (2, "")
            assert "the flight's digest is" in err
    (copy / "flight.json").write_text('{"status": ')
    code, _, err = orbital("get", "jobs", "--flight", copy)
    assert code == 2
    assert "damaged" in err


def test_a_checkpoint_from_elsewhere_is_refused(orbital, place, broken):
    checkpoint = broken / "checkpoint.bin"
    checkpoint.write_bytes(checkpoint.read_bytes()[: -len(checkpoint.read_bytes()) // 2])
    code, _, err = orbital("fly", "--resume", broken)
    assert code == 2
    assert "damaged" in err
    assert json.loads((broken / "flight.json").read_text())["status"] == "interrupted"
    checkpoint.unlink()
    told = as_json(orbital("fly", "--resume", broken, "--json"))
    whole = hashlib.sha256((place / "flights" / "small" / "log.jsonl").read_bytes()).hexdigest()
    assert told["digest"] == f"sha256:{whole}", "without a checkpoint it is flown from its start"


def test_a_mission_changed_meanwhile_is_not_resumed(orbital, place, broken):
    text = (place / "small.toml").read_text()
    (place / "small.toml").write_text(text.replace("seed = 7", "seed = 9"))
    code, _, err = orbital("fly", "--resume", broken)
    (place / "small.toml").write_text(text)
    assert code == 2
    assert "the mission was changed since" in err


def test_resume_without_a_name_takes_the_newest_that_waits(orbital, place, broken):
    here = place / "flights" / "halted"
    shutil.copytree(broken, here)
    told = as_json(orbital("fly", "--resume", "--json"))
    assert Path(told["folder"]).name == "halted"
    code, _, err = orbital("fly", "--resume")
    assert code == 2
    assert "none here waits" in err
    shutil.rmtree(here)
