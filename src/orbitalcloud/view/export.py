"""A flight for other programs: CZML, OEM, CSV and Parquet. The bytes depend on the Log alone, not on when or where."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orbitalcloud.core.errors import DataError
from orbitalcloud.view.columns import utc
from orbitalcloud.view.czml import export_czml
from orbitalcloud.view.flight import Flight, Satellite
from orbitalcloud.view.oem import export_oem
from orbitalcloud.view.printing import to_csv
from orbitalcloud.view.tables import KINDS, table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CSV_KINDS", "export_csv", "export_czml", "export_oem", "export_parquet"]

CSV_KINDS = ("telemetry", *KINDS)
"""What `export_csv` can write."""

_COLUMNS = {
    "charge_share": "charge",
    "generated_w": "generated_w",
    "load_w": "load_w",
    "sunlit_share": "sunlit",
    "latitude_deg": "latitude_deg",
    "longitude_deg": "longitude_deg",
    "height_m": "height_m",
    "dose_rad": "dose_rad",
}


def export_csv(flight: Flight, kind: str = "telemetry") -> str:
    """RFC 4180 text: `telemetry` (one line a reading, one `temperature_<node>_k` column a thermal node), or a table."""
    if kind not in CSV_KINDS:
        raise DataError("kind", kind, f"say one of: {', '.join(CSV_KINDS)}")
    if kind != "telemetry":
        return to_csv(table(flight, kind))
    nodes = _thermal_nodes(flight)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["satellite", "at_utc", *_COLUMNS, *(f"temperature_{node}_k" for node in nodes)])
    for satellite in flight.satellites.values():
        columns = [getattr(satellite.series, name).round(6).tolist() for name in _COLUMNS.values()]
        heat: list[list[Any]] = [
            _temperature(satellite, node).round(3).tolist()
            if node in satellite.thermal_nodes
            else [""] * len(columns[0])
            for node in nodes
        ]
        times = [utc(at) for at in satellite.series.at_ns.tolist()]
        names = [satellite.name] * len(times)
        writer.writerows(zip(names, times, *columns, *heat, strict=True))
    return out.getvalue()


def export_parquet(flight: Flight, path: Path) -> None:
    """Telemetry of every satellite as one Parquet table; `at` is a UTC timestamp of nanoseconds."""
    import pyarrow.parquet as pq

    pq.write_table(telemetry_table(flight), path, compression="zstd")


def telemetry_table(flight: Flight) -> pa.Table:
    """The Arrow table that `export_parquet` writes: satellite (dictionary), at, readings, one column a thermal node."""
    import pyarrow as pa

    satellites = list(flight.satellites.values())
    lengths = [len(satellite.series) for satellite in satellites]
    index = np.repeat(np.arange(len(satellites), dtype=np.int32), lengths)
    names = pa.array([satellite.name for satellite in satellites], pa.string())
    at = _joined([satellite.series.at_ns for satellite in satellites], np.dtype(np.int64))
    data: dict[str, Any] = {
        "satellite": pa.DictionaryArray.from_arrays(pa.array(index), names),
        "at": pa.array(at, pa.timestamp("ns", tz="UTC")),
    }
    for title, name in _COLUMNS.items():
        columns = [getattr(satellite.series, name) for satellite in satellites]
        data[title] = pa.array(_joined(columns, np.dtype(np.float64)))
    for node in _thermal_nodes(flight):
        heat = [_temperature(satellite, node) for satellite in satellites]
        joined = _joined(heat, np.dtype(np.float64))
        data[f"temperature_{node}_k"] = pa.array(joined, mask=np.isnan(joined))
    head = flight.header
    about = {"mission": head.mission, "seed": str(head.seed), "software": head.software, "start_ns": str(head.start)}
    return pa.table(data).replace_schema_metadata({f"orbital.{key}": value for key, value in about.items()})


def _thermal_nodes(flight: Flight) -> list[str]:
    """Every satellite's thermal nodes, once each, in order of appearance."""
    return list(dict.fromkeys(node for satellite in flight.satellites.values() for node in satellite.thermal_nodes))


def _temperature(satellite: Satellite, node: str) -> Any:
    """The node's column, NaN (which Parquet gets as null) where this satellite has no such node."""
    if node not in satellite.thermal_nodes:
        return np.full(len(satellite.series), np.nan)
    return satellite.series.temperature_k[:, satellite.thermal_nodes.index(node)]


def _joined(columns: list[Any], dtype: np.dtype[Any]) -> Any:
    return np.concatenate(columns) if columns else np.zeros(0, dtype)
