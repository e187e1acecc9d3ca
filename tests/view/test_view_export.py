"""Exports read back by other readers: an independent OEM reader, json, csv and pyarrow."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import erfa
import numpy as np
import pyarrow.parquet as pq
import pytest
from synthetic import fleet

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import instant_of
from orbitalcloud.view.export import CSV_KINDS, export_csv, export_czml, export_oem, export_parquet
from orbitalcloud.view.flight import Flight, passes
from orbitalcloud.view.fold import fold
from orbitalcloud.view.geodesy import positions_itrs_m, velocities_m_s


def read_oem(text: str) -> tuple[dict[str, str], list[tuple[datetime, list[float]]]]:
    """A small reader of CCSDS 502.0-B KVN: keywords, and lines of epoch and six numbers."""
    meta: dict[str, str] = {}
    states = []
    inside = False
    for line in text.splitlines():
        assert line.isascii()
        assert len(line) <= 254  # 502.0-B-2, 7.3.2
        if line in ("META_START", "META_STOP"):
            inside = line == "META_START"
        elif "=" in line and not line.startswith("COMMENT"):
            key, value = (part.strip() for part in line.split("=", 1))
            assert inside or not states
            meta[key] = value
        elif line and not line.startswith("COMMENT"):
            words = line.split()
            assert len(words) == 7
            states.append((datetime.fromisoformat(words[0]).replace(tzinfo=UTC), [float(word) for word in words[1:]]))
    return meta, states


def test_oem_is_read_back(flight: Flight) -> None:
    meta, states = read_oem(export_oem(flight))
    series = flight.satellites["genesis-1"].series
    assert meta["CCSDS_OEM_VERS"] == "2.0"
    assert meta["REF_FRAME"].startswith("ITRF")
    assert (meta["CENTER_NAME"], meta["TIME_SYSTEM"]) == ("EARTH", "UTC")
    assert [instant_of(at) for at, _ in states] == series.at_ns.tolist()
    assert datetime.fromisoformat(meta["STOP_TIME"]).replace(tzinfo=UTC) == states[-1][0]
    for index in (0, 777, 2_879):  # back to geodetic with SOFA
        elong, phi, height = erfa.gc2gd(1, np.array(states[index][1][:3]) * 1000)
        assert np.degrees(phi) == pytest.approx(series.latitude_deg[index], abs=2e-6)
        assert np.degrees(elong) == pytest.approx(series.longitude_deg[index], abs=2e-6)
        assert height == pytest.approx(series.height_m[index], abs=0.01)


def test_positions_are_those_of_sofa(flight: Flight) -> None:
    series = flight.satellites["genesis-1"].series
    theirs = erfa.gd2gc(1, np.radians(series.longitude_deg), np.radians(series.latitude_deg), series.height_m)
    assert np.abs(positions_itrs_m(series) - theirs).max() < 1e-6


def test_velocities_are_derivatives_of_the_positions() -> None:
    step_s, radius_m = 30.0, 6_928_137.0
    at_ns = (np.arange(200) * step_s * 1e9).astype(np.int64)
    angle = 2 * np.pi * at_ns * 1e-9 / 5_730
    rate = 2 * np.pi / 5_730
    position = radius_m * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    exact = radius_m * rate * np.stack([-np.sin(angle), np.cos(angle), 0 * angle], axis=1)
    ours = velocities_m_s(at_ns, position)
    bound = radius_m * rate**5 * step_s**4 / 30
    assert np.abs(ours - exact)[2:-2].max() < 1.01 * bound + 1e-6
    assert np.abs(ours - exact).max() < 6.0  # second order at the ends: h²/3 · |r‴|
    uneven = np.delete(np.arange(200), [50, 51])
    assert np.abs(velocities_m_s(at_ns[uneven], position[uneven]) - exact[uneven])[2:-2].max() < 12.0


def test_oem_needs_one_satellite() -> None:
    many = fold(fleet(2, seconds=600))
    with pytest.raises(DataError, match="sat-000, sat-001"):
        export_oem(many)
    meta, states = read_oem(export_oem(many, "sat-001"))
    assert meta["OBJECT_NAME"] == "sat-001"
    assert len(states) == 20
    with pytest.raises(DataError, match="none"):
        export_oem(fold([]))


def test_czml_has_the_structure_that_cesium_asks_for(flight: Flight) -> None:
    packets = json.loads(export_czml(flight))
    assert packets[0]["id"] == "document"
    assert packets[0]["version"] == "1.0"
    ids = [packet["id"] for packet in packets]
    assert len(set(ids)) == len(ids)
    (satellite,) = [packet for packet in packets if packet["id"].startswith("satellite/")]
    flat = satellite["position"]["cartesian"]
    series = flight.satellites["genesis-1"].series
    assert satellite["position"]["referenceFrame"] == "FIXED"
    assert len(flat) == 4 * len(series)
    assert flat[0::4] == ((series.at_ns - series.at_ns[0]) / 1e9).tolist()
    assert np.allclose(np.array(flat).reshape(-1, 4)[:, 1:], positions_itrs_m(series), rtol=0, atol=0.06)
    for packet in packets[1:]:
        for reference in packet.get("polyline", {}).get("positions", {}).get("references", []):
            assert reference.removesuffix("#position") in ids
    shown = [p for packet in packets for p in packet.get("polyline", {}).get("show", []) if p["boolean"]]
    assert len(shown) == len(passes(flight))


@pytest.mark.parametrize("kind", [kind for kind in CSV_KINDS if kind != "messages"])  # the made-up day has none
def test_csv_reads_back(flight: Flight, kind: str) -> None:
    rows = list(csv.DictReader(io.StringIO(export_csv(flight, kind))))
    assert rows
    assert None not in rows[0]
    if kind == "telemetry":
        series = flight.satellites["genesis-1"].series
        assert len(rows) == len(series)
        assert [float(row["charge_share"]) for row in rows] == pytest.approx(series.charge.tolist(), abs=1e-9)
        assert float(rows[5]["temperature_payload_k"]) == pytest.approx(series.temperature_k[5, 2], abs=1e-9)


def test_csv_of_an_unknown_kind_names_the_known_ones(flight: Flight) -> None:
    with pytest.raises(DataError, match="telemetry, satellites"):
        export_csv(flight, "rockets")


def test_parquet_reads_back_exactly(flight: Flight, tmp_path: Path) -> None:
    export_parquet(flight, tmp_path / "t.parquet")
    read = pq.read_table(tmp_path / "t.parquet")
    series = flight.satellites["genesis-1"].series
    assert read.num_rows == len(series)
    assert read["at"].cast("int64").to_pylist() == series.at_ns.tolist()
    assert read["temperature_payload_k"].to_pylist() == series.temperature_k[:, 2].tolist()
    assert set(read["satellite"].to_pylist()) == {"genesis-1"}
    assert read.schema.metadata[b"orbital.seed"] == b"7"


def test_parquet_of_a_fleet_and_of_nothing(tmp_path: Path) -> None:
    export_parquet(fold(fleet(3, seconds=600)), tmp_path / "f.parquet")
    assert pq.read_table(tmp_path / "f.parquet").num_rows == 60
    export_parquet(fold([]), tmp_path / "n.parquet")
    assert pq.read_table(tmp_path / "n.parquet").num_rows == 0
