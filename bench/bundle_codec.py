"""How fast is the bundle codec beside pyD3TN? One 1 kB five-block bundle with CRC-32C; goals: encode 30, decode 15.

pyD3TN makes the bundle in an environment of its own; we decode its bytes and encode them again, to the same bytes. Our
decoding is strict and checks each CRC. pyD3TN's `parse` checks none, so its own `calculate_crc` is called on each block
and compared; parsing alone is printed too. CPU time, one thread; best of five rounds of ours and theirs.

The last line is decoding's ratio; encoding below its own goal fails the bench too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

from asking import BELOW_GOAL, CANNOT_ASK, CannotAskError, answer, environment, table, user_cpu_s

from orbitalcloud.network import decode, encode

PEER = Path(__file__).resolve().parent / "peers" / "pyd3tn_codec.py"
STEPS = (("pyD3TN==0.15.2",),)
REPEATS, ROUNDS, THEIR_ROUNDS = 5, 20_000, 1_000
ENCODE_GOAL, DECODE_GOAL = 30, 15


def theirs() -> dict[str, str | float]:
    """pyD3TN's bundle, and its best rates a second."""
    python = environment("pyd3tn", STEPS)
    runs = [json.loads(user_cpu_s([str(python), str(PEER), str(THEIR_ROUNDS)])[2]) for _ in range(REPEATS)]
    best = {name: max(run[name] for run in runs) for name in ("encode", "parse", "decode")}
    return {"wire": runs[0]["wire"], **best}


def rate(act: Callable[[], object]) -> float:
    """Calls a CPU second, the best of the repeats."""
    best = 0.0
    for _ in range(REPEATS):
        begun = process_time()
        for _ in range(ROUNDS):
            act()
        best = max(best, ROUNDS / (process_time() - begun))
    return best


def main() -> int:
    try:
        peer = theirs()
    except CannotAskError as error:
        print(f"bundle_codec: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    wire = bytes.fromhex(str(peer["wire"]))
    bundle = decode(wire)
    assert len(bundle.blocks) == 4, "and the primary: five"
    assert encode(bundle) == wire, "both write the same bytes"
    encodes, decodes = rate(lambda: encode(bundle)), rate(lambda: decode(wire))
    their_encodes, their_decodes = float(peer["encode"]), float(peer["decode"])
    ratio = encodes / their_encodes
    rows = [
        ("encode, ours", f"{encodes:,.0f} /s"),
        ("encode, pyD3TN", f"{their_encodes:,.0f} /s"),
        ("  ratio", f"{ratio:.1f} (goal ≥ {ENCODE_GOAL})"),
        ("decode and check, ours", f"{decodes:,.0f} /s"),
        ("decode and check, pyD3TN", f"{their_decodes:,.0f} /s"),
        ("  its parse alone, no CRC checked", f"{float(peer['parse']):,.0f} /s (not the question)"),
    ]
    table(f"One bundle of {len(wire)} bytes, five blocks, CRC-32C", rows)
    code = answer("bundle_codec", decodes / their_decodes, DECODE_GOAL)
    return code if ratio >= ENCODE_GOAL else BELOW_GOAL


if __name__ == "__main__":
    sys.exit(main())
