"""What does signing cost beside its cryptography? A 1 kB bundle signed at its source and judged at its end.

Beside it, in the same run: the same number of bare Ed25519 signatures and verifications of the same size by the library
that both use. The ratio is the share of our time that is the cryptography's own; the goal is 0.4. CPU time, one thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time

from asking import answer, table
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orbitalcloud.core import Instant
from orbitalcloud.network import making
from orbitalcloud.network.eid import endpoint
from orbitalcloud.network.security import Guard, NodeKeys, policy_of

T0 = Instant(1_774_008_000_000_000_000)
REPEATS, ROUNDS, GOAL = 7, 500, 0.4


def cost_us(act: Callable[[], object]) -> float:
    """Microseconds a call, the best of the repeats."""
    best = float("inf")
    for _ in range(REPEATS):
        begun = process_time()
        for _ in range(ROUNDS):
            act()
        best = min(best, (process_time() - begun) / ROUNDS * 1e6)
    return best


def main() -> int:
    private = bytes(range(32))
    key = Ed25519PrivateKey.from_private_bytes(private)
    public = key.public_key()
    guard = Guard("a", policy_of("signed", (("*", "signed"),)), NodeKeys({"a": public.public_bytes_raw()}))
    guard.unlock(private, 1)
    plain = making.make_bundle(endpoint("b", "x"), endpoint("a"), T0, 1, 60_000, bytes(1000), 2, 30)
    signed = guard.protected(plain)
    judged = guard.judged(signed, True)
    assert judged.bundle == plain, judged.why
    text = bytes(1150)
    signature = key.sign(text)
    ours = (cost_us(lambda: guard.protected(plain)), cost_us(lambda: guard.judged(signed, True)))
    bare = (cost_us(lambda: key.sign(text)), cost_us(lambda: public.verify(signature, text)))
    rows = [
        ("sign a bundle", f"{ours[0]:.0f} us (bare Ed25519 {bare[0]:.0f})"),
        ("judge a bundle", f"{ours[1]:.0f} us (bare Ed25519 {bare[1]:.0f})"),
    ]
    table("A 1 kB bundle with a COSE_Sign1 block", rows)
    return answer("bundle_security", sum(bare) / sum(ours), GOAL)


if __name__ == "__main__":
    sys.exit(main())
