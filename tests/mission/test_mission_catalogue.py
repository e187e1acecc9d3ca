"""Every value of the catalogue has a source, a date and a confidence, and can fly."""

from __future__ import annotations

import re

import msgspec
import pytest

from orbitalcloud.core import DataError
from orbitalcloud.mission.catalogue import catalogue, lines, read
from orbitalcloud.mission.resolved import Accelerator, Bus, Radio, Site

KINDS = ("buses", "accelerators", "stations", "links")


def test_there_is_enough_to_choose_from() -> None:
    book = catalogue()
    assert len(book.buses) >= 3
    assert len(book.accelerators) >= 4
    assert len(book.stations) >= 6
    assert len(book.links) >= 2
    assert all(bus.accelerator in book.accelerators for bus in book.buses.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_says_where_it_comes_from(kind: str) -> None:
    for name in getattr(catalogue(), kind):
        assert catalogue().about[kind, name]
        rows = list(lines(kind, name))
        assert rows
        for key, value, origin in rows:
            assert value is not None
            assert len(origin.source) > 8, (name, key)
            assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", origin.date), (name, key)
            assert origin.confidence in ("measured", "datasheet", "published", "assumption")


def test_every_field_of_an_entry_has_its_provenance() -> None:
    book = catalogue()
    for kind in ("accelerators", "stations", "links"):
        for name, entry in getattr(book, kind).items():
            given = {key.partition(".")[0] for key in book.provenance[kind, name]}
            optional = {field.name for field in msgspec.structs.fields(entry) if not field.required}
            assert set(entry.__struct_fields__) - optional <= given <= set(entry.__struct_fields__), name
            for budget in (getattr(entry, key, None) for key in ("up", "down", "across")):
                if budget is not None:
                    key = next(key for key in ("up", "down", "across") if getattr(entry, key) is budget)
                    told = {k.removeprefix(f"{key}.") for k in book.provenance[kind, name] if k.startswith(f"{key}.")}
                    silent = set(budget.__struct_fields__) - told
                    assert all(getattr(budget, field) == 0.0 for field in silent), (name, silent)


def test_a_value_without_its_origin_is_refused() -> None:
    whole = 'band = { value = "s", source = "a source", date = "2026", confidence = "published" }\n'
    with pytest.raises(DataError, match="source, date, confidence"):
        read("[x]\n" + whole + "up_kbps = 1.0\ndown_kbps = 1.0\ntransmit_w = 1.0\n", Radio, "links.toml")
    with pytest.raises(DataError, match="measured, datasheet"):
        read("[x]\n" + whole.replace("published", "hearsay"), Radio, "links.toml")
    with pytest.raises(DataError, match="mend"):
        read("[x", Radio, "links.toml")
    origin = 'source = "somewhere"\ndate = "2026"\nconfidence = "assumption"\n'
    place = 'latitude_deg = 95.0\nlongitude_deg = 0.0\nheight_m = 0.0\nmask_deg = 5.0\njurisdiction = "NO"\n'
    with pytest.raises(DataError, match="latitude_deg"):
        read("[x]\n" + origin + place, Site, "stations.toml")


def test_accelerators_are_slower_and_cooler_when_throttled() -> None:
    for name, one in catalogue().accelerators.items():
        assert isinstance(one, Accelerator)
        assert one.idle_w < one.throttled_w < one.active_w, name
        # throttling saves energy for the same work only if power falls faster than speed; it must at least save power
        assert 0 < one.throttled_ops_fraction < 1, name


def test_svalbard_lies_where_its_operator_says() -> None:
    site = catalogue().stations["svalbard"]
    # KSAT's own list: 78.23° N, 15.41° E (duncaneddy/brahe, data/groundstations/ksat.json)
    assert site.latitude_deg == pytest.approx(78.23, abs=0.005)
    assert site.longitude_deg == pytest.approx(15.41, abs=0.005)


def test_a_12u_body_has_the_area_of_its_outline() -> None:
    bus = catalogue().buses["cubesat-12u-edge"]
    assert isinstance(bus, Bus)
    outer = sum(face.area_m2 for node in bus.heat for face in node.faces)
    assert outer == pytest.approx(2 * (0.226 * 0.226 + 2 * 0.226 * 0.34), rel=0.01)
