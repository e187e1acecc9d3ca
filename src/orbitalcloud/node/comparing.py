"""A station compares the copies of a job that its policy had several satellites run, and says who is wrong.

A copy's name says which job it is of, how many there are and how many must agree (`compute.policies`), so that nothing
has to be remembered before the first result is down. What came is saved under `copies/…`; the verdict falls when the
last copy has answered, a failure being an answer too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orbitalcloud.compute import Result, decode_result, encode_result
from orbitalcloud.compute.policies import Claim, copy_of, judge
from orbitalcloud.core import Instant, RemoteProtocolError, records
from orbitalcloud.core.effects import Effect, Record, Save

COPIES_KEY = "copies/"
MAX_JOBS = 256
"""Jobs of which copies are awaited at once; the oldest is forgotten, and stays without a verdict."""


@dataclass(slots=True)
class Comparisons:
    """Results by job and copy, of jobs whose copies have not all answered."""

    node: str
    held: dict[str, dict[int, Result]] = field(default_factory=dict)

    def restore(self, saved: Mapping[str, bytes]) -> Iterator[Effect]:
        """What had come before the reboot; what is damaged is dropped."""
        for key in sorted(saved):
            if key.startswith(COPIES_KEY):
                try:
                    self._hold(decode_result(saved[key]))
                except RemoteProtocolError:
                    yield Save(key, None)

    def take(self, now: Instant, result: Result, sound: bool) -> Iterator[Effect]:
        """A result came; `sound`: its receipt was verified. Nothing happens for a job that has no copies."""
        known = copy_of(result.job)
        if known is None:
            return
        job, number, copies, agree = known
        if number in self.held.get(job, {}):
            return
        if not sound and not result.failure:
            result = Result(result.job, result.satellite, None, b"", "receipt", "its receipt does not hold")
        self._hold(result)
        yield Save(COPIES_KEY + result.job, encode_result(result))
        if len(self.held[job]) == copies:
            yield from self._judge(now, job, copies, agree)
        while len(self.held) > MAX_JOBS:
            yield from self._forget(next(iter(self.held)))

    def _hold(self, result: Result) -> None:
        known = copy_of(result.job)
        if known is None:
            raise RemoteProtocolError("copy-name", f"{result.job} is no copy of a job")
        self.held.setdefault(known[0], {})[known[1]] = result

    def _judge(self, now: Instant, job: str, copies: int, agree: int) -> Iterator[Effect]:
        came = self.held[job].values()
        claims = [Claim(one.receipt, one.output) for one in came if one.receipt is not None]
        verdict = judge(claims, agree)
        unsound = tuple(one.satellite for one in came if one.failure == "receipt")
        yield Record(
            records.JobVerified(
                at=now,
                node=self.node,
                job=job,
                policy=f"{agree} of {copies}",
                output=verdict.output,
                right=verdict.right,
                wrong=(*verdict.wrong, *unsound),
                energy_mj=sum(one.receipt.energy_mj for one in claims),
                why=verdict.why,
            )
        )
        yield from self._forget(job)

    def _forget(self, job: str) -> Iterator[Effect]:
        for result in self.held.pop(job).values():
            yield Save(COPIES_KEY + result.job, None)
