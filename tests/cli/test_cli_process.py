"""`orbital` as a process: Ctrl-C, full disks, pipes that close. Each waits for an event, never for a time."""

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from small_missions import SMALL

ORBITAL = [sys.executable, "-c", "from orbitalcloud.cli import main; main()"]
LONG = SMALL.replace("days = 0.3", "days = 0.5").replace("telemetry_s = 60", "telemetry_s = 2")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL)
    (tmp_path / "long.toml").write_text(LONG)


def orbital(*arguments, **options):
    return subprocess.run([*ORBITAL, *arguments], capture_output=True, text=True, timeout=120, **options)


def at_most(size):
    """Files that grow no larger: what a full disk is to a writer."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def status(folder):
    return json.loads((Path(folder) / "flight.json").read_text())["status"]


def start(*arguments):
    return subprocess.Popen([*ORBITAL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def begun(folder, process):
    """Wait until the first entries of a flight are on disk."""
    log = Path(folder) / "log.jsonl"
    while not (log.exists() and log.stat().st_size):
        assert process.poll() is None, process.communicate()


def test_ctrl_c_then_resume_gives_the_same_digest():
    flying = start("fly", "long.toml", "--out", "flight")
    begun("flight", flying)
    flying.send_signal(signal.SIGINT)
    out, err = flying.communicate(timeout=60)
    assert (flying.returncode, out) == (130, "")
    assert "go on with: orbital fly --resume flight" in err
    assert status("flight") == "interrupted"
    resumed = orbital("fly", "--resume", "flight", "--json")
    assert resumed.returncode == 0
    assert status("flight") == "complete"
    whole = orbital("fly", "long.toml", "--out", "whole", "--json")
    assert json.loads(resumed.stdout)["digest"] == json.loads(whole.stdout)["digest"]


def test_following_a_live_flight_ends_with_it():
    serving = start("serve", "long.toml", "--speed", "1800", "--out", "flight")
    begun("flight", serving)
    following = start("logs", "-f", "--flight", "flight", "--json")
    first = following.stdout.readline()
    assert json.loads(first)["kind"] == "flight-started"
    busy = orbital("fly", "--resume", "flight")
    assert busy.returncode == 2
    assert "another process flies it" in busy.stderr
    serving.send_signal(signal.SIGINT)
    _, err = serving.communicate(timeout=60)
    assert serving.returncode == 130
    assert "go on with: orbital fly --resume flight" in err
    with following:
        rest, err = following.stdout.read(), following.stderr.read()
    assert following.returncode == 0
    assert "interrupted; go on with: orbital fly --resume flight" in err
    assert (first + rest).encode() == Path("flight/log.jsonl").read_bytes()


def test_a_disk_full_from_the_beginning_leaves_no_folder(tmp_path):
    done = orbital("fly", "small.toml", "--out", "flight", preexec_fn=at_most(100))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "File too large: make room" in done.stderr
    assert not (tmp_path / "flight").exists()


def test_a_disk_full_on_the_way_is_told_with_the_way_on():
    done = orbital("fly", "long.toml", "--out", "flight", preexec_fn=at_most(2_500_000))
    assert (done.returncode, done.stdout) == (2, "")
    assert "make room" in done.stderr
    assert "then go on with: orbital fly --resume flight" in done.stderr
    assert status("flight") == "interrupted"
    assert orbital("fly", "--resume", "flight").returncode == 0
    assert status("flight") == "complete"


def test_stdout_that_closes_or_is_full():
    assert orbital("fly", "small.toml").returncode == 0
    for verb in ("logs", "get contacts", "export", "get jobs --json"):
        piped = f"'{sys.executable}' -c 'from orbitalcloud.cli import main; main()' {verb}"
        done = subprocess.run(
            ["bash", "-c", f"{piped} | head -1; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, timeout=60
        )
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1] == "0"
    with open("/dev/full", "w") as full:
        done = subprocess.run([*ORBITAL, "get", "contacts"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "orbital: standard output: No space left on device\n"


def test_stdout_that_was_closed_from_the_start_is_as_a_full_disk():
    assert orbital("fly", "small.toml").returncode == 0
    line = f"'{sys.executable}' -c 'from orbitalcloud.cli import main; main()' get contacts >&-"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "orbital: standard output: Bad file descriptor\n")
