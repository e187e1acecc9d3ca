"""Does verification at k = 2 cost what two runs cost, plus under 5 %? Runs, receipts, signatures and verdict, in CPU.

Each packaged job: two runs bare; then two runs with a signed receipt each, both receipts verified, outputs hashed and
compared, and the verdict. In turns, the median of each.
"""

from __future__ import annotations

import sys
from functools import partial
from statistics import median
from time import process_time_ns

from asking import answer

from orbitalcloud.compute import WORKLOADS, Outcome, ReceiptBody, Workload, execute, public_key, sign_receipt
from orbitalcloud.compute.identity import signing_key
from orbitalcloud.compute.policies import Claim, judge
from orbitalcloud.compute.runtime import verification_of
from orbitalcloud.core import digest_of

GOAL = 1.05
ROUNDS = {"cloud-mask": 7, "water-map": 41, "protein-fitness": 15}
KEYS = [signing_key(bytes([number]) * 32) for number in (1, 2)]


PUBLIC = [public_key(key) for key in KEYS]


def claim(job: Workload, given: str, outcome: Outcome, number: int) -> Claim:
    """What satellite `number` sends down."""
    artefact, usage = job.artefact(), outcome.usage
    body = ReceiptBody(
        job=f"{job.name}.{number + 1}of2m2",
        satellite=f"sat-{number}",
        public_key=PUBLIC[number],
        artefact=artefact.digest,
        input=given,
        output=digest_of(outcome.output),
        output_bytes=len(outcome.output),
        accelerator="this machine",
        runtime=outcome.runtime,
        verification=verification_of(artefact),
        operations=usage.operations,
        fuel=usage.fuel,
        memory_bytes=usage.memory_bytes,
        duration_ns=1,
        energy_mj=1,
        throttled=False,
        started="2026-03-20T12:00:00.000000Z",
        finished="2026-03-20T12:00:01.000000Z",
        latitude_udeg=0,
        longitude_udeg=0,
    )
    return Claim(sign_receipt(body, KEYS[number]), outcome.output)


def bare(job: Workload, data: bytes) -> None:
    """Two runs."""
    for _ in range(2):
        execute(job.artefact(), data, job.limits)


def verified(job: Workload, data: bytes, given: str) -> None:
    """Two runs, sworn to, checked and compared."""
    claims = [claim(job, given, execute(job.artefact(), data, job.limits), number) for number in range(2)]
    verdict = judge(claims, 2)
    assert verdict.why.ok, verdict.why


def main() -> int:
    """Time all three; answer for the dearest."""
    worst, name = 0.0, ""
    for job in WORKLOADS.values():
        data = job.inputs()[0]
        times: tuple[list[int], list[int]] = ([], [])
        given = digest_of(data)  # taken once, when the job is submitted
        acts = (partial(bare, job, data), partial(verified, job, data, given))
        for act in acts:
            act()
        for _ in range(ROUNDS[job.name]):
            for act, some in zip(acts, times, strict=True):
                begun = process_time_ns()
                act()
                some.append(process_time_ns() - begun)
        plain, sworn = (median(some) / 1e6 for some in times)
        print(f"{job.name:16} two runs {plain:8.2f} ms, verified {sworn:8.2f} ms: {sworn / plain:.3f} ×")
        if sworn / plain > worst:
            worst, name = sworn / plain, job.name
    print(f"the dearest is {name}; {GOAL:g} ÷ its ratio:")
    return answer("verification", GOAL / worst, 1.0)


if __name__ == "__main__":
    sys.exit(main())
