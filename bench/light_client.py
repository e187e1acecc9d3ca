"""What does a cold check of a real mainnet update cost, from raw bytes? Goals: below Lodestar's warm path, and 15 times
below the official Python specification.

One update of mainnet (period 1421, Deneb, 511 of 512 signed). Ours: a light client that has seen nothing but its
bootstrap (no key cached), `update(raw)` whole: decoding, branches, keys with their subgroup checks, signature, and the
store's step, which the others' times leave out. Lodestar (npm, 1.28.1, blst in C): the same bytes decoded and
validated with the committee's 512 keys already parsed; also with them not. The specification: eth-consensus-specs from
PyPI with its own arkworks backend. blst's own time of the one pairing check stands beside them: no check can be
faster than about that. CPU time of one thread, medians, the same run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import process_time_ns

from asking import CANNOT_ASK, SCRATCH, CannotAskError, answer, environment, table, user_cpu_s

from orbitalcloud.ethereum import ELECTRA_CROSSING, MAINNET, LightClient
from orbitalcloud.ethereum.committee import forget_points

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "src" / "orbitalcloud" / "data" / "ethereum"
SLOT = 20_000_000
OUR_RUNS, LODESTAR_RUNS, SPEC_RUNS = 60, 60, 15
SPEC = (("eth-consensus-specs==1.7.0a13", "ckzg"),)
LODESTAR = {
    "name": "peer-lodestar",
    "private": True,
    "type": "module",
    "dependencies": {
        **dict.fromkeys(
            ("@lodestar/light-client", "@lodestar/types", "@lodestar/config", "@lodestar/params"), "1.28.1"
        ),
        "@chainsafe/bls": "8.2.0",
        "@chainsafe/blst": "2.2.0",
        "@chainsafe/ssz": "1.2.2",
    },
    "overrides": {
        **dict.fromkeys((f"@lodestar/{name}" for name in ("types", "config", "params", "utils", "api")), "1.28.1"),
        "@chainsafe/ssz": "1.2.2",
        "@chainsafe/persistent-merkle-tree": "1.2.1",
        "@chainsafe/bls": "8.2.0",
        "@chainsafe/blst": "2.2.0",
    },
}
GOAL_SPEC = 15.0


def ours() -> float:
    """Median CPU milliseconds of a cold `update`."""
    bootstrap, raw = ELECTRA_CROSSING.bootstrap_bytes(), ELECTRA_CROSSING.update_bytes()[0]
    taken = []
    for _ in range(OUR_RUNS):
        client = LightClient.bootstrap(MAINNET, ELECTRA_CROSSING.checkpoint_root, bootstrap, current_slot=SLOT)
        forget_points()
        before = process_time_ns()
        client.update(raw, SLOT)
        taken.append(process_time_ns() - before)
    return median(taken) / 1e6


def lodestar() -> dict[str, float]:
    """Lodestar's warm and cold milliseconds, and blst's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise CannotAskError("node and npm are not here: apt install nodejs npm")
    home = SCRATCH / "lodestar"
    home.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps(LODESTAR, indent=1)
    if not (home / "package.json").exists() or (home / "package.json").read_text() != wanted:
        print("lodestar: npm install", flush=True)
        (home / "package.json").write_text(wanted)
        command = [npm, "install", "--silent", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
        if done.returncode:
            (home / "package.json").unlink()
            raise CannotAskError(f"npm install: {done.stderr[-400:]}")
    shutil.copy(HERE / "peers" / "lodestar.mjs", home)
    files = [str(DATA / ELECTRA_CROSSING.bootstrap), str(DATA / ELECTRA_CROSSING.updates[0])]
    done = subprocess.run(
        [node, "lodestar.mjs", *files, str(LODESTAR_RUNS)], cwd=home, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotAskError(f"lodestar: {done.stderr[-400:]}")
    return dict(json.loads(done.stdout))


def specification() -> float:
    """The specification's median milliseconds."""
    python = environment("consensus-specs", SPEC)
    files = [str(DATA / ELECTRA_CROSSING.bootstrap), str(DATA / ELECTRA_CROSSING.updates[0])]
    root = ELECTRA_CROSSING.checkpoint_root.hex()
    command = [str(python), str(HERE / "peers" / "spec_light_client.py"), *files, root, str(SPEC_RUNS)]
    return float(json.loads(user_cpu_s(command)[2])["milliseconds"])


def main() -> int:
    """Ask all three, and answer for the tighter of the two goals."""
    try:
        theirs, spec = lodestar(), specification()
    except CannotAskError as error:
        print(error, file=sys.stderr)
        return CANNOT_ASK
    mine = ours()
    rows = [
        ("ours, cold, with the store's step", f"{mine:8.2f} ms"),
        ("Lodestar 1.28.1, keys cached", f"{theirs['warm']:8.2f} ms   {theirs['warm'] / mine:6.2f} times ours"),
        ("Lodestar 1.28.1, keys not cached", f"{theirs['cold']:8.2f} ms   {theirs['cold'] / mine:6.2f} times ours"),
        ("official Python specification", f"{spec:8.2f} ms   {spec / mine:6.2f} times ours (goal {GOAL_SPEC:g})"),
        (
            "blst in C, one aggregate verified",
            f"{theirs['blst']:8.2f} ms   {theirs['blst'] / mine:6.2f} times ours",
        ),
    ]
    table("a real mainnet update from raw bytes, median CPU time", rows)
    if spec / mine < GOAL_SPEC:
        return answer("light_client", spec / mine, GOAL_SPEC)
    return answer("light_client", theirs["warm"] / mine, 1.0)


if __name__ == "__main__":
    sys.exit(main())
