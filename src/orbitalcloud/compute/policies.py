"""Verification policies as data: how many run a job, how many must agree, and who is wrong where they do not.

    none              the signed receipt alone (`receipt` says the same)
    replicate:K       K satellites run it; what most of them say is right, a tie is unresolved
    sampled:P         a share P of the jobs is run by two, drawn by the mission's seed, so that nobody knows which
    quorum:M/N        N satellites run it; right is what at least M of them say

Claims of the exact class agree when their digests do. In the tolerance class digests must agree between two runtimes of
one name, version and instruction set, which is what receipts pin; between others the numbers are compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orbitalcloud.compute.receipt import Receipt, verify_output, verify_receipt
from orbitalcloud.compute.verification import compare_outputs
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.seed import Seed
from orbitalcloud.core.why import Why

MAX_COPIES = 9
PATTERN = r"^(none|receipt|replicate:[1-9]|sampled:(0(\.\d{1,6})?|1(\.0{1,6})?)|quorum:[1-9]/[1-9])$"
_COPY = re.compile(r"^(?P<job>.+)\.(?P<number>[1-9])of(?P<copies>[1-9])m(?P<agree>[1-9])$")


@dataclass(frozen=True, slots=True)
class Policy:
    """`copies` runs, of which `agree` must say the same; `share_ppm` of the jobs are checked at all."""

    kind: Literal["none", "replicate", "sampled", "quorum"]
    copies: int = 1
    agree: int = 1
    share_ppm: int = 1_000_000

    def copies_of(self, job: str, seed: Seed) -> int:
        """How many satellites run this job; the same for the same seed."""
        if self.kind == "sampled" and not seed.child("verification").child(job).chance(self.share_ppm):
            return 1
        return self.copies


@dataclass(frozen=True, slots=True)
class Claim:
    """What one executor says: a receipt, and the output that it swears to."""

    receipt: Receipt
    output: bytes

    @property
    def who(self) -> str:
        return self.receipt.satellite


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why.ok`: enough agree. Their output's digest and names, and who said something else; empty if unresolved."""

    why: Why
    output: str = ""
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


def parse_policy(text: str, place: str = "verify") -> Policy:
    """`DataError` unless it is one of the four, with numbers that can be met."""
    if not re.match(PATTERN, text):
        raise DataError(place, text[:60], "write none, replicate:2, sampled:0.1 or quorum:2/3")
    kind, _, rest = text.partition(":")
    if kind == "replicate":
        return Policy("replicate", int(rest), int(rest) // 2 + 1)
    if kind == "sampled":
        return Policy("sampled", 2, 2, round(float(rest) * 1e6))
    if kind == "quorum":
        agree, copies = (int(one) for one in rest.split("/"))
        if agree > copies or 2 * agree <= copies:
            raise DataError(place, text, "more than half of the copies must agree, and no more than there are")
        return Policy("quorum", copies, agree)
    return Policy("none")


def copy_name(job: str, number: int, copies: int, agree: int) -> str:
    """The name of one copy of a job: what belongs together can be read off the names."""
    return f"{job}.{number}of{copies}m{agree}"


def copy_of(name: str) -> tuple[str, int, int, int] | None:
    """(job, number, copies, agree) of a copy's name; None for any other."""
    found = _COPY.match(name)
    if found is None:
        return None
    number, copies, agree = int(found["number"]), int(found["copies"]), int(found["agree"])
    return (found["job"], number, copies, agree) if number <= copies and copies < 2 * agree <= 2 * copies else None


def judge(claims: Sequence[Claim], agree: int) -> Verdict:
    """Who is right: the largest set of claims that agree, if it has `agree` members from different signers.

    A claim whose receipt or output does not hold is wrong by itself. Rules: `majority`, `tie`, `too-few`.
    """
    assert agree >= 1, "somebody must agree"
    holds = [_holds(one) for one in claims]
    broken = tuple(one.who for one, good in zip(claims, holds, strict=True) if not good)
    sound = list({one.receipt.public_key: one for one, good in zip(claims, holds, strict=True) if good}.values())
    if not sound:
        return Verdict(Why(False, "too-few", "no receipt holds", 0, agree, "claim"), wrong=broken)
    camps = sorted((_camp(one, sound) for one in sound), key=len, reverse=True)
    best = camps[0]
    inside = {one.who for one in best}
    outside = tuple(one.who for one in sound if one.who not in inside)
    if len(best) < agree:
        tied = len(sound) >= 2 and bool(outside)
        rule = "tie" if tied else "too-few"
        text = f"{len(best)} of {len(sound)} say the same, {agree} are needed: nobody is named"
        return Verdict(Why(False, rule, text, len(best), agree, "claim"), wrong=broken)
    wrong = (*broken, *outside)
    text = f"{', '.join(sorted(inside))} say {best[0].receipt.output[:19]}…"
    text += f"; {', '.join(wrong)} {'says' if len(wrong) == 1 else 'say'} otherwise" if wrong else ""
    why = Why(True, "majority", text, len(best), agree, "claim")
    return Verdict(why, best[0].receipt.output, tuple(sorted(inside)), wrong)


def _holds(one: Claim) -> bool:
    return verify_receipt(one.receipt).ok and verify_output(one.receipt, one.output).ok


def _camp(one: Claim, claims: Sequence[Claim]) -> list[Claim]:
    """Those that agree with this claim, itself first."""
    return [one, *(other for other in claims if other is not one and agrees(one, other).ok)]


def agrees(one: Claim, other: Claim) -> Why:
    """Whether two claims about one job say the same, in their class."""
    a, b = one.receipt, other.receipt
    if (a.artefact, a.input, a.verification) != (b.artefact, b.input, b.verification):
        return Why(False, "other-work", "the receipts are of different code, input or class")
    if a.output == b.output:
        return Why(True, "output-digest", "the same bytes")
    if a.verification == "exact":
        return Why(False, "output-digest", "other bytes in the exact class")
    if a.runtime == b.runtime:
        return Why(False, "output-digest", f"other bytes on one runtime, {a.runtime}")
    return compare_outputs(one.output, other.output)
