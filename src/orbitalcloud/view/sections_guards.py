"""The report's part about trust in results: what upsets did to jobs, what guards saw, whose results differed."""

from __future__ import annotations

from orbitalcloud.core.records import JobVerified, UpsetStruckJob
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.page import grid, text
from orbitalcloud.view.tables import table
from orbitalcloud.view.trust_rows import FATES
from orbitalcloud.view.words import count, scaled

_MEANING = {
    "caught": "caught by a guard or run again",
    "harmless": "harmless (the same output)",
    "silent": "silent (another output that nobody noticed)",
    "crashed": "ended the run",
    "late": "in a run that was wrong already",
}


def trust_section(flight: Flight) -> str:
    """Empty where no job was struck and none was compared."""
    strikes = [one for one in flight.trust if isinstance(one, UpsetStruckJob)]
    verdicts = [one for one in flight.trust if isinstance(one, JobVerified)]
    parts = []
    if strikes:
        parts.append(f'<h3>Upsets in jobs</h3><p class="lead">{text(struck_sentence(strikes))}</p>')
        parts.append(grid(table(flight, "guards")) + grid(table(flight, "strikes")))
    if verdicts:
        agreed = sum(one.why.ok for one in verdicts)
        wrong = sorted({name for one in verdicts for name in one.wrong})
        said = f"{count(len(verdicts), 'job')} run by several: {agreed} agreed enough, "
        said += f"wrong were {', '.join(wrong)}." if wrong else "nobody was wrong."
        parts.append(f'<h3>Results compared</h3><p class="lead">{text(said)}</p>{grid(table(flight, "verdicts"))}')
    return "".join(parts)


def struck_sentence(strikes: list[UpsetStruckJob]) -> str:
    """`7 upsets struck jobs: 4 caught by a guard …, 3 harmless …`."""
    fates = [one.fate for one in strikes]
    parts = [f"{fates.count(fate)} {_MEANING[fate]}" for fate in FATES if fate in fates]
    extra = sum(one.extra_mj for one in strikes) / 1000
    more = f" Running again took {scaled(extra, 'J')} more." if extra > 0 else ""
    return f"{count(len(strikes), 'upset')} struck jobs: {', '.join(parts)}.{more}"
