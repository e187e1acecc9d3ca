"""Everything a person sees, as folds over the Log: a finished flight and a live one look the same.

`fold.fold` makes a `flight.Flight` of entries; `verdict.verdict` judges it; `tables.table` and `detail.detail` tell
of its parts as text, JSON or CSV; `report.report_html` draws it as one self-contained page (its pieces: `page`,
`svg`, `map`, `polar`, `timeline` and the two `sections_…`); `export` writes CZML, OEM, CSV and Parquet;
`progress.Progress` is the line that a person watches meanwhile. May import `core`, numpy, and (inside
functions, for they load slowly) rich and pyarrow; needs no physics. Import from the modules: this page loads none of
them, so that `orbital --help` stays quick.
"""

from __future__ import annotations

__all__ = [
    "detail",
    "export",
    "flight",
    "fold",
    "progress",
    "report",
    "tables",
    "verdict",
    "words",
]
