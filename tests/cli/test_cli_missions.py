"""`orbital init`, `check` and `fly` under bad input: one clear message, an exit code, nothing left behind."""

import importlib
import json
import re

import pytest

from orbitalcloud.cli.run import run
from orbitalcloud.mission import packaged
from small_missions import ETHEREUM, SMALL, TAMPERED


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(capsys, tmp_path, text, *words, command="fly"):
    """The command refuses the mission with these words, and leaves nothing but the mission."""
    (tmp_path / "bad.toml").write_text(text)
    before = sorted(tmp_path.iterdir())
    assert run([command, "bad.toml"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    for word in words:
        assert word in err
    assert sorted(tmp_path.iterdir()) == before
    return err


@pytest.fixture
def once(monkeypatch):
    """A mission is checked once, however often a test asks to see its sheet."""
    module = importlib.import_module("orbitalcloud.study.check")
    known = {}

    def check(loaded, *others):
        if loaded.digest not in known:
            known[loaded.digest] = whole(loaded, *others)
        return known[loaded.digest]

    whole = module.check
    monkeypatch.setattr(module, "check", check)


@pytest.fixture
def briefly(monkeypatch):
    """A check without what comes after the mission: for tests of its words and of its exit code."""
    module = importlib.import_module("orbitalcloud.study.check")
    whole = module.check
    monkeypatch.setattr(module, "check", lambda *given: whole(*given, later=False, relax=False))


# init and check -----------------------------------------------------------------------------------------------------


def test_what_init_writes_can_be_checked_and_flown(capsys, tmp_path, briefly):
    assert run(["init", "first"]) == 0
    assert capsys.readouterr().out == "first.toml\n"
    schema = json.loads((tmp_path / "mission.schema.json").read_text())
    assert schema["title"] == "Orbital Cloud mission"
    text = (tmp_path / "first.toml").read_text()
    assert run(["check", "./first.toml"]) == 0
    assert "first closes" in capsys.readouterr().out
    (tmp_path / "first.toml").write_text(text.replace("days  = 1", "days  = 0.3"))
    assert run(["fly", "./first.toml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["closes"]
    assert told["digest"].startswith("sha256:")
    assert told["tally"]["executed"] >= 3


def test_init_overwrites_nothing_and_wants_a_name(capsys, tmp_path):
    (tmp_path / "mine.toml").write_text("mine")
    (tmp_path / "mission.schema.json").write_text("mine too")
    assert run(["init", "mine"]) == 2
    assert "it exists" in capsys.readouterr().err
    assert run(["init", "other", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mission"] == "other.toml"
    assert (tmp_path / "mine.toml").read_text() == "mine"
    assert (tmp_path / "mission.schema.json").read_text() == "mine too"
    for name in ("../out", "Not Lower", ""):
        assert run(["init", name]) == 2
        assert "use lower-case letters" in capsys.readouterr().err
    assert not (tmp_path.parent / "out.toml").exists()


def test_the_page_says_what_an_engineer_signs(capsys, tmp_path, once):
    (tmp_path / "small.toml").write_text(SMALL)
    assert run(["check", "small.toml"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("✓ small closes; bound first on sat by ")
    groups = ("orbit", "light", "power", "heat, in the mission and on the year's design days",
              "heat, standard hot and cold cases", "work and contact", "contact a day", "radiation",
              "the orbit's life", "margins, tightest first", "the programme's claims")  # fmt: skip
    places = [page.index(f"\n  {group}\n") for group in groups]
    assert places == sorted(places)
    for word in (
        "95.71 min",
        "in eclipse",
        "(LTAN)",
        "the array could feed",
        "end of life",
        "svalbard",
        "inuvik",
        "hot limit",
        "W",
        "°C",
    ):
        assert word in page
    assert " points; then binds: " in page
    assert not re.search(r"(?<![\w.])-\d", page.split("margins, tightest first")[1]), "minus signs are true"
    assert all(len(line) <= 120 and line == line.rstrip() for line in page.splitlines())
    assert run(["check", "small.toml", "--json"]) == 0
    sheet = json.loads(capsys.readouterr().out)
    assert sheet["closes"]
    shares = {margin["name"]: margin["share"] for margin in sheet["satellites"][0]["margins"]}
    shares |= {one["name"]: one["share"] for one in sheet["satellites"][0]["margins"] if one["scope"] == "mission"}
    rows = page[page.index("margins, tightest first") :].split("\n\n")[0].splitlines()[2:]
    named = [row.split("  ")[1].removeprefix("✓ ").removeprefix("✗ ").strip() for row in rows]
    assert named == sorted(shares, key=lambda name: shares[name])


def test_check_exits_1_where_the_mission_does_not_close(capsys, tmp_path, briefly):
    (tmp_path / "weak.toml").write_text(SMALL.replace("reserve = 0.35", "reserve = 0.35\narray = { area_m2 = 0.01 }"))
    assert run(["check", "weak.toml"]) == 1
    page = capsys.readouterr().out
    assert page.startswith("✗ small does not close")
    assert "✗ load against array" in page
    assert run(["check", "weak.toml", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["closes"] is False


def test_a_fleet_is_summed_up(capsys, tmp_path):
    walker = "walker = { total = 12, planes = 3, phasing = 1, inclination_deg = 98, altitude_km = 550 }"
    orbit = next(line for line in SMALL.splitlines() if line.startswith("orbit"))
    (tmp_path / "fleet.toml").write_text(SMALL.replace(orbit, walker))
    assert run(["check", "fleet.toml"]) == 0
    page = capsys.readouterr().out
    assert "12 satellites, of which 12 close" in page
    assert "the 5 tightest" in page
    assert page.count("margins, tightest first") == 1
    assert len(page.splitlines()) < 180


# Wrong missions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "fly"])
def test_an_unknown_key_is_told_with_line_and_guess(capsys, tmp_path, command):
    err = refused(capsys, tmp_path, SMALL.replace("reserve =", "reserv ="), command=command)
    line = SMALL.splitlines().index("reserve = 0.35") + 1
    assert err == f'orbital: bad.toml:{line}: satellite.reserv: 0.35: unknown key: did you mean "reserve"?\n'


def test_several_problems_are_told_at_once_a_line_each(capsys, tmp_path):
    text = SMALL.replace('site = "svalbard"', 'site = "svalbart"').replace('"s-band-duplex"', '"s-bant-duplex"')
    err = refused(capsys, tmp_path, text, 'did you mean "svalbard"?', 'did you mean "s-band-duplex"?')
    first, *others = err.splitlines()
    assert first == f"orbital: {len(others)} things are wrong"
    assert all(line.startswith("  bad.toml:") for line in others)
    assert run(["fly", "bad.toml", "--json"]) == 2
    told = json.loads(capsys.readouterr().err)
    assert [f"  {line}" for line in told["errors"]] == others
    assert told["exit"] == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("altitude_km = 547", "altitude_km = -20", ("altitude_km: -20", "at least 120")),
        ("altitude_km = 547", "altitude_km = 547, eccentricity = 0.2", ("satellite.orbit", "ground")),
        ('site = "svalbard"', 'latitude_deg = 95\nlongitude_deg = 0\njurisdiction = "NO"', ("latitude_deg: 95", "90")),
        ("days = 0.3", "days = ", ("bad.toml:4", "mend the TOML")),
        ('name = "small"', "", ("name: missing",)),
        ("at_h = [0.2, 3]", "at_h = [0.2, 300]", ("job.at_h: 300", "over by then")),
        ("orbit = {", 'tle = ["1 25544U", "2 25544"]\n#', ("bad.toml:12", "satellite.tle")),
        ("orbit = {", 'omm = "gone.xml"\n#', ("satellite.omm", "gone.xml", "no such file")),
    ],
)
def test_wrong_values(capsys, tmp_path, old, new, words):
    assert old in SMALL
    refused(capsys, tmp_path, SMALL.replace(old, new, 1), *words)


def own_job(artefact, data):
    return SMALL.replace('artefact = "workload:water-map"', f'artefact = "{artefact}"\ninput = ["{data}"]')


def test_a_job_whose_model_is_not_onnx(capsys, tmp_path):
    (tmp_path / "tile.bin").write_bytes(b"data")
    (tmp_path / "model.onnx").write_bytes(b"no model at all")
    text = own_job("model.onnx", "tile.bin")
    line = text.splitlines().index('artefact = "model.onnx"') + 1
    refused(capsys, tmp_path, text, f"bad.toml:{line}: job.artefact: model.onnx", "neither an ONNX model nor a WASM")
    refused(capsys, tmp_path, own_job("gone.onnx", "tile.bin"), "job.artefact: gone.onnx: no such file")


def test_missing_empty_and_truncated_files(capsys, tmp_path):
    text = SMALL.replace('"workload:water-map"', '"workload:water-map"\ninput = ["tile.npy"]')
    line = text.splitlines().index('input = ["tile.npy"]') + 1
    refused(capsys, tmp_path, text, f"bad.toml:{line}: job.input: tile.npy: no such file")
    (tmp_path / "tile.npy").write_bytes(b"")
    refused(capsys, tmp_path, text, f"bad.toml:{line}: job.input: 0 bytes", "tile.npy is empty")
    whole = ETHEREUM.replace("packaged:ethereum/update_1421_deneb.ssz", "cut.ssz")
    (tmp_path / "cut.ssz").write_bytes(b"\x01" * 100)
    refused(capsys, tmp_path, SMALL + whole, "ethereum.updates.file: cut.ssz", "not a whole light-client update")


def test_what_only_building_finds_is_told_at_the_missions_line(capsys, tmp_path):
    head, stations = SMALL.split("[[station]]", 1)
    job = stations[stations.rindex("[[job]]") :]
    refused(capsys, tmp_path, head + job, "bad.toml:", "job.submit_at", "add a [[station]]")
    beyond = TAMPERED.replace("byte = 25_150", "byte = 999_999")
    refused(capsys, tmp_path, SMALL + ETHEREUM + beyond, "fault.byte: 999999", "choose less than")


def test_a_mission_that_is_not_there(capsys, tmp_path):
    assert run(["fly", "genesis-2"]) == 2
    err = capsys.readouterr().err
    assert 'did you mean "genesis-1"?' in err
    assert all(name in err for name in packaged())
    assert run(["fly", str(tmp_path)]) == 2
    assert "a folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# Wrong usage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["fly"], "say which"),
        (["fly", "genesis-1", "--resume", "x"], "unexpected extra argument"),
        (["fly", "--resume"], "none here waits to be resumed"),
        (["fly", "--resume", "x", "--seed", "3"], "leave it out"),
        (["fly", "--resume", "x"], "no such folder"),
        (["fly", "--resume", "."], "there is no flight.json in it"),
        (["fly", "genesis-1", "--seed", "-1"], "--seed"),
        (["fly", "genesis-1", "--seed", str(2**70)], "--seed"),
        (["fly", "genesis-1", "--out", "."], "it exists"),
        (["fly", "--nope"], "no such option: --nope; see orbital fly --help"),
        (["nope"], "no such command 'nope'"),
        (["check"], "missing argument"),
        (["serve", "genesis-1", "--speed", "0"], "more than 0"),
        (["serve", "genesis-1", "--speed", "nan"], "more than 0"),
        (["get", "jobs"], "orbital fly genesis-1"),
        (["get", "jobs", "--json", "--csv"], "give one of them"),
        (["get", "job", "--flight", "x"], "no such folder"),
        (["get", "jops"], 'did you mean "jobs"?'),
        (["export", "--as", "oemx"], 'did you mean "oem"?'),
        (["logs", "--kind", "job-finnished"], 'did you mean "job-finished"?'),
        (["verify", "gone.json"], "gone.json: No such file"),
    ],
)
def test_wrong_usage_exits_2_with_one_line_and_leaves_nothing(capsys, tmp_path, arguments, word):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert word in err
    assert "--json" in arguments or err.splitlines()[-1].startswith("orbital: ")
    assert run([*arguments, "--json"]) == 2
    told = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert set(told) == {"error", "errors", "exit"}
    assert told["exit"] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "small.toml").write_text(SMALL)
    assert run(["fly", "small.toml", "--out", "file/flight"]) == 2
    assert "cannot be made" in capsys.readouterr().err
    assert sorted(place.name for place in tmp_path.iterdir()) == ["file", "small.toml"]


def test_no_arguments_help_and_version(capsys):
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Usage: orbital" in err
    assert run(["--help"]) == 0
    assert "fly" in capsys.readouterr().out
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("orbital-cloud ")


def test_a_traceback_is_for_those_who_ask(capsys, tmp_path, monkeypatch):
    assert run(["fly", "gone.toml", "-v"]) == 2
    assert "Traceback" in capsys.readouterr().err

    def broken(*_):
        raise KeyError("a fault of ours")

    monkeypatch.setattr("orbitalcloud.cli.missions.check", broken)
    assert run(["check", "genesis-1"]) == 70
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "fault of orbital itself" in err
    assert "a fault of ours" in err


def test_a_message_from_a_file_cannot_paint_the_terminal(capsys, tmp_path):
    err = refused(capsys, tmp_path, SMALL.replace('"svalbard"', '"\\u001b[31mred"', 1), "red")
    assert "\x1b" not in err


def test_doctor_finds_this_environment_well(capsys):
    assert run(["doctor"]) == 0
    assert "✓ Python" in capsys.readouterr().out
    assert run(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert all(finding["ok"] for finding in findings)
    assert {"numpy", "disk", "packaged missions", "leap seconds"} <= {finding["what"] for finding in findings}
