"""A mission file is read strictly: what is right resolves to what physics takes, what is wrong says where and how."""

from __future__ import annotations

import math
import operator
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.compute import WORKLOADS
from orbitalcloud.core import DataError, MissionError, parse_instant
from orbitalcloud.mission import Loaded, find, load, loads, mission_error, packaged
from orbitalcloud.mission import check_values as rules
from orbitalcloud.mission.orbits import mean_anomaly_rad
from orbitalcloud.mission.physical import energy_heat, orbits_of, satellite_design, sites_of
from orbitalcloud.mission.problems import did_you_mean
from orbitalcloud.mission.schema import init_text, schema
from orbitalcloud.mission.types import Mission
from orbitalcloud.physics import Design, Omm, geometry, remaining_power

GENESIS = find("genesis-1").read_text()


def changed(old: str, new: str, folder: str = "/nowhere") -> Loaded:
    assert old in GENESIS, f"genesis-1 has no {old!r} any more"
    return loads(GENESIS.replace(old, new, 1).encode(), "my.toml", folder)


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_packaged_missions_load() -> None:
    assert packaged() == [
        "bupt-1",
        "genesis-1",
        "ground-relays",
        "iss-orbit",
        "partition",
        "settlement-4",
        "starlink-shell-1",
        "walker-100",
        "walker-1000",
    ]
    for name in packaged():
        loaded = load(name)
        assert loaded.mission.name == name
        assert loaded.digest.startswith("sha256:")
        assert loaded.ends - loaded.starts == 86_400_000_000_000


def test_genesis_is_what_its_file_says() -> None:
    loaded = load("genesis-1")
    (craft,) = loaded.satellites
    assert loaded.starts == parse_instant("2026-03-20T12:00:00Z")
    assert (craft.bus_name, craft.accelerator_name, craft.reserve) == ("cubesat-12u-edge", "jetson-orin-nano-8gb", 0.35)
    assert isinstance(craft.orbit, Design)
    # Vallado 2013, eq. 9-41 gives 97.6° for a circular sun-synchronous orbit at 547 km
    assert math.degrees(craft.orbit.inclination_rad) == pytest.approx(97.6, abs=0.05)
    # the mean Sun stands within 2° of the vernal point at the equinox; LTAN 10:30 is 22.5° west of it at 12 h UT
    assert math.degrees(craft.orbit.raan_rad) == pytest.approx(360 - 22.5, abs=3.0)
    assert {job.workload for job in loaded.tasks if job.workload} == {"cloud-mask", "water-map", "protein-fitness"}
    assert {channel.band for channel in loaded.channels} == {"s", "fibre"}
    up = next(c for c in loaded.channels if (c.sender, c.receiver) == ("svalbard", "genesis-1"))
    down = next(c for c in loaded.channels if (c.sender, c.receiver) == ("genesis-1", "svalbard"))
    assert (up.rate_bps, up.transmit_w, down.rate_bps, down.transmit_w) == (200_000, 0.0, 1_000_000, 8.0)
    assert all(channel.always == (channel.band == "fibre") for channel in loaded.channels)


def test_the_workloads_that_missions_may_name_are_those_that_ship() -> None:
    assert set(rules.WORKLOADS) == set(WORKLOADS)


@pytest.mark.parametrize(
    ("old", "new", "needle", "says"),
    [
        ("days  = 1", "dayz = 1", "dayz", ['"days"']),
        ("days  = 1", "days = -1", "days", ["-1", "at least 0.001"]),
        ("days  = 1", "days = nan", "days", ["nan", "finite"]),
        ("days  = 1", "days = inf", "days", ["inf", "finite"]),
        ("days  = 1", 'days = "one"', "days", ["one", "number"]),
        ("seed  = 7", "seed = -7", "seed", ["-7", "at least 0"]),
        ("seed  = 7", "seed = 7.5", "seed", ["7.5", "whole number"]),
        ("T12:00:00Z", "T12:00:00", "epoch", ["zone"]),
        ("altitude_km = 547", "altitude_km = -20", "orbit =", ["-20", "120"]),
        ("altitude_km = 547", "altitude_km = 900, eccentricity = 0.2", "orbit =", ["-555.6 km", "ground"]),
        ("altitude_km = 547", "altitude_km = 547, eccentricity = 0.065", "orbit =", ["96.9 km", "120"]),
        ("altitude_km = 547", "altitude_km = 9000", "orbit =", ["sun-synchronous", "5,970"]),
        ("altitude_km = 547", "altitude_km = 547, eccentricity = 1.5", "orbit =", ["1.5", "below 1"]),
        ('ltan = "10:30"', 'ltan = "25:30"', "orbit =", ["25:30", "HH:MM"]),
        ('ltan = "10:30"', 'ltan = "10:30", raan_deg = 3', "orbit =", ["exactly one of ltan, raan_deg"]),
        ('"sun-synchronous"', '"sunsynchronous"', "orbit =", ['"sun-synchronous"']),
        ("orbit = {", "omm = 'x.xml'\norbit = {", "[[satellite]]", ["exactly one of orbit, tle, omm, oem, walker"]),
        ('bus  = "cubesat-12u-edge"', 'bus = "cubesat-12u"', "bus =", ['"cubesat-12u-edge"']),
        ("reserve = 0.35", "reserve = 35", "reserve", ["35", "at most 0.99"]),
        ("reserve = 0.35", 'accelerator = "orin"\nreserve = 0.35', "accelerator =", ["jetson-orin-nano-8gb"]),
        ("reserve = 0.35", "shielding_mm = -1\nreserve = 0.35", "shielding_mm", ["-1", "at least 0.1"]),
        ("reserve = 0.35", "shielding_mm = 31\nreserve = 0.35", "shielding_mm", ["31", "at most 30"]),
        ("reserve = 0.35", "shielding_mm = nan\nreserve = 0.35", "shielding_mm", ["nan", "finite"]),
        ("reserve = 0.35", 'devices = ["jetson"]\nreserve = 0.35', "devices =", ["jetson-module"]),
        ("seed  = 7", 'seed = 7\nenvironment.solar_activity = "min"', "solar_activity", ['"minimum"']),
        ("reserve = 0.35", "array = { area = 2 }\nreserve = 0.35", "array =", ['"area_m2"']),
        ("reserve = 0.35", "heat.payload.hot_limt_c = 2\nreserve = 0.35", "heat.payload", ['"hot_limit_c"']),
        ("reserve = 0.35", "heat.radiatr.hot_limit_c = 2\nreserve = 0.35", "heat.radiatr", ['"radiator"']),
        ("reserve = 0.35", "heat.body.hot_limit_c = -90\nreserve = 0.35", "[[satellite]]", ["cold limit below"]),
        ('site = "svalbard"', "latitude_deg = 95\nlongitude_deg = 3", "latitude_deg", ["95", "at most 90"]),
        ('site = "svalbard"', 'latitude_deg = 5\njurisdiction = "NO"', "[[station]]", ["longitude_deg", "missing"]),
        ('site = "inuvik"', 'site = "inuvic"', "inuvic", ['"inuvik"']),
        ("[[link]]", '[[station]]\nname = "svalbard"\nsite = "troll"\n[[link]]', '"svalbard"\nsite = "tr', ["already"]),
        ("[[link]]", '[[station]]\nname = "station"\nsite = "troll"\n[[link]]', 'name = "station"', ["meaning"]),
        ('["satellite", "station"]', '["satellite", "stations"]', '"stations"', ['"station"']),
        ('["satellite", "station"]', '["satellite", "satellite"]', "s-band-duplex", ["isl-optical"]),
        ('radio = "s-band-duplex"', 'radio = "k-band"', "k-band", ["s-band-duplex"]),
        ('radio = "s-band-duplex"', 'band = "s"', "[[link]]", ["up_kbps"]),
        ("workload:water-map", "workload:watermap", "watermap", ["workload:water-map"]),
        ('every = "orbit"', 'every = "orbit"\nevery_min = 3', "[[job]]", ["exactly one of every, every_min, at_h"]),
        ("at_h = [0.5, 6, 12, 18]", "at_h = [0.5, 24]", "at_h = [0.5", ["24", "less than 24"]),
        ('submit_at = "inuvik"', 'submit_at = "inuvk"', "inuvk", ['"inuvik"']),
        ("bootstrap_1421_deneb.ssz", "bootstrap_1.ssz", "bootstrap_1.ssz", ["no such file"]),
        ("bootstrap_1421_deneb.ssz", "README.md", "README.md", ["not a whole light-client bootstrap"]),
        ("packaged:ethereum/bootstrap", "packaged:../bootstrap", "packaged:../", ["packaged:FOLDER/FILE"]),
        ("0xd9717ecc", "0xd9717ec", "checkpoint = ", ["64"]),
        ("priority_fee_gwei = 1", "priority_fee_gwei = 100", "priority_fee_gwei", ["at most max_fee_gwei, 20"]),
        ('kind = "reboot"', 'kind = "rebot"', "rebot", ['"reboot"']),
        ('kind = "reboot"', 'kind = "station-outage"\nduration_min = 5', 'target = "genesis-1"\n\n', ["svalbard"]),
        ("at_h = 6.5", "at_h = 65", "at_h = 65", ["65", "less than 24"]),
        ("\nbyte = ", "\nbyte = 99_000 #", "byte = ", ["26909"]),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_would_be_right(
    old: str, new: str, needle: str, says: list[str]
) -> None:
    with pytest.raises(MissionError) as caught:
        changed(old, new)
    error, text = caught.value, GENESIS.replace(old, new, 1)
    assert error.line == line_of(text, needle), str(error)
    assert str(error).startswith(f"my.toml:{error.line}: {error.key}")
    for word in says:
        assert word in str(error)
    assert "\n" not in str(error), "one problem, one line"
    assert error.exit_code == 2


def test_every_problem_is_told_in_the_order_of_the_file() -> None:
    text = GENESIS.replace("seed  = 7", "seeed = 7").replace("reserve = 0.35", "reserve = 3").replace("days ", "dais ")
    with pytest.raises(MissionError) as caught:
        loads(text.encode(), "my.toml", ".")
    lines = str(caught.value).split("\n")
    assert [line.split(": ")[1] for line in lines] == ["dais", "seeed", "satellite.reserve"]


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"name = 'x'\n[oops", 2, "mend the TOML"),
        (b"name = 'x'\nname = 'y'\n", 2, "mend the TOML"),
        (b"name = 'x'\n\xff\xfe", 2, "UTF-8"),
        (b"#" * (2**20 + 1), 0, "one MiB"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, 0, "nested"),
        (b"", 0, "missing"),
    ],
)
def test_bytes_that_are_no_mission(data: bytes, line: int, says: str) -> None:
    with pytest.raises(MissionError, match=says) as caught:
        loads(data, "my.toml", ".")
    assert caught.value.line == line


@given(st.binary(max_size=80))
@settings(max_examples=100, deadline=None)
def test_no_bytes_end_in_anything_but_a_mission_error(data: bytes) -> None:
    with pytest.raises(MissionError):
        loads(data, "my.toml", ".")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_genesis_with_a_line_garbled_loads_or_says_so(data: st.DataObject) -> None:
    lines = GENESIS.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = data.draw(st.sampled_from(["", lines[at][:-1], lines[at] + "x", lines[at].replace("1", "99"), "x = 1"]))
    told = 0
    try:
        loads("\n".join(lines).encode(), "my.toml", ".")
    except MissionError as error:
        told = error.line
    assert 0 <= told <= len(lines)


def test_a_missing_mission_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match=r'did you mean "genesis-1"'):
        load("genesis1")
    with pytest.raises(MissionError, match="walker-100"):
        load(str(tmp_path / "nothing.toml"))
    with pytest.raises(MissionError, match="folder"):
        load(str(tmp_path))


def test_a_truncated_update_is_found_before_the_flight(tmp_path: Path) -> None:
    whole = (find("genesis-1").parent.parent / "data/ethereum/update_1422_electra.ssz").read_bytes()
    (tmp_path / "cut.ssz").write_bytes(whole[:-1000])
    with pytest.raises(MissionError, match="not a whole light-client update") as caught:
        changed("packaged:ethereum/update_1421_deneb.ssz", "cut.ssz", str(tmp_path))
    assert caught.value.key == "ethereum.updates.file"
    (tmp_path / "cut.ssz").write_bytes(b"")
    with pytest.raises(MissionError, match="0 bytes"):
        changed("packaged:ethereum/update_1421_deneb.ssz", "cut.ssz", str(tmp_path))


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"PK\x03\x04rest", "ZIP"), (b"hello", "ONNX"), (b"\0asm\x0d\0\1\0", "component"), (b"", "0 bytes")],
)
def test_a_job_whose_model_is_not_onnx_is_told_at_its_line(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    (tmp_path / "in.npz").write_bytes(b"x")
    new = 'artefact = "model.onnx"\ninput = ["in.npz"]'
    with pytest.raises(MissionError, match=says) as caught:
        changed('artefact = "workload:protein-fitness"', new, str(tmp_path))
    assert (caught.value.line, caught.value.key) == (
        line_of(GENESIS, 'artefact = "workload:protein-fitness"'),
        "job.artefact",
    )


def test_a_later_failure_is_told_at_the_missions_line() -> None:
    loaded = load("genesis-1")
    error = mission_error(loaded, ("job", 1, "artefact"), DataError("job water-map", "a ZIP archive", "export to ONNX"))
    assert error.line == line_of(GENESIS, 'artefact = "workload:water-map"')
    assert "export to ONNX" in str(error)


OMM_KVN = """CCSDS_OMM_VERS = 2.0
CREATION_DATE = 2026-08-26T00:00:00
ORIGINATOR = TEST
OBJECT_NAME = ISS (ZARYA)
OBJECT_ID = 1998-067A
CENTER_NAME = EARTH
REF_FRAME = TEME
TIME_SYSTEM = UTC
MEAN_ELEMENT_THEORY = SGP4
EPOCH = 2026-08-25T15:51:11.984832
MEAN_MOTION = 15.49625410
ECCENTRICITY = 0.0007673
INCLINATION = 51.6329
RA_OF_ASC_NODE = 316.2335
ARG_OF_PERICENTER = 83.1052
MEAN_ANOMALY = 277.0809
BSTAR = 0.00014485
MEAN_MOTION_DOT = 0.00007716
MEAN_MOTION_DDOT = 0.0
"""


def test_the_same_elements_as_tle_and_omm_fly_the_same_orbit(tmp_path: Path) -> None:
    (tmp_path / "iss.kvn").write_text(OMM_KVN)
    text = find("iss-orbit").read_text()
    start = text.index("tle = [")
    end = text.index("]", start) + 1
    by_omm = loads((text[:start] + 'omm = "iss.kvn"' + text[end:]).encode(), "my.toml", str(tmp_path))
    by_tle = load("iss-orbit")
    assert isinstance(by_omm.satellites[0].orbit, Omm)
    at = [by_tle.starts, by_tle.ends]
    apart_m = orbits_of(by_omm).position_teme_m(at) - orbits_of(by_tle).position_teme_m(at)
    assert abs(apart_m).max() < 1.0  # the TLE's epoch is rounded to 1e-8 day: 0.9 ms, 6 m at most; here far less


def test_walker_names_and_spreads_its_satellites() -> None:
    loaded = load("walker-100")
    assert [craft.name for craft in loaded.satellites][::33] == ["w-001", "w-034", "w-067", "w-100"]
    nodes = sorted({round(math.degrees(c.orbit.raan_rad), 6) for c in loaded.satellites if isinstance(c.orbit, Design)})
    assert nodes == pytest.approx([18.0 * plane for plane in range(10)])
    assert len(loaded.channels) == 2 * 100 * 6 + 6 * 5


def test_the_phase_is_the_argument_of_latitude_at_the_epoch() -> None:
    loaded = changed("altitude_km = 547", "altitude_km = 700, eccentricity = 0.02, argp_deg = 60, phase_deg = 90")
    x, y, z = orbits_of(loaded).position_teme_m([loaded.starts])[0, 0]
    inclination = loaded.satellites[0].orbit.inclination_rad  # type: ignore[union-attr]
    assert z / math.hypot(x, y, z) == pytest.approx(math.sin(inclination), abs=1e-9)  # the northernmost point


@given(st.floats(0, 0.9), st.floats(-3.1, 3.1))
def test_keplers_equation_inverts(eccentricity: float, true_anomaly: float) -> None:
    mean = mean_anomaly_rad(true_anomaly, eccentricity)
    eccentric = mean
    for _ in range(200):
        slope = 1 - eccentricity * math.cos(eccentric)
        eccentric -= (eccentric - eccentricity * math.sin(eccentric) - mean) / slope
    back = 2 * math.atan(math.sqrt((1 + eccentricity) / (1 - eccentricity)) * math.tan(eccentric / 2))
    assert back == pytest.approx(true_anomaly, abs=1e-6)


def test_changes_to_the_bus_arrive_in_physics() -> None:
    loaded = changed(
        "reserve = 0.35",
        "reserve = 0.35\narray = { area_m2 = 0.48 }\nbattery = { capacity_wh = 100 }\n"
        'age_years = 2\nshielding_mm = 4\ndevices = ["sram-4mbit"]\n'
        "heat.radiator.faces = ["
        "{ area_m2 = 0.1, normal = [0, 1, 0], absorptivity = 0.1, emissivity = 0.8 }]",
    )
    design, plain = satellite_design(loaded.satellites[0]), satellite_design(load("genesis-1").satellites[0])
    assert design.array.area_m2 == pytest.approx(2 * plain.array.area_m2)
    assert design.battery.capacity_j == 360_000
    assert loaded.satellites[0].bus.shielding_mm == 4.0
    assert loaded.satellites[0].devices == ("sram-4mbit",)
    assert load("genesis-1").satellites[0].devices == ("jetson-module", "lpddr-8gb")
    left = remaining_power(547e3, math.radians(97.6), 2.0) * (0.99 * 0.9975) ** 2
    assert design.array.health == pytest.approx(left, abs=1e-4)  # radiation's share is that of the orbit
    told = changed("reserve = 0.35", "reserve = 0.35\nage_years = 2\narray = { radiation_per_year = 0.015 }")
    assert satellite_design(told.satellites[0]).array.health == pytest.approx((0.985 * 0.99 * 0.9975) ** 2)
    assert [face.area_m2 for face in design.thermal.faces if face.node == "radiator"] == [0.1]
    assert len(design.thermal.faces) == len(plain.thermal.faces)


def test_the_fleet_starts_at_its_own_charge_and_temperatures() -> None:
    loaded = load("genesis-1")
    state = energy_heat(loaded, geometry(orbits_of(loaded), loaded.starts, loaded.ends))
    assert state.reading(0).at == loaded.starts
    assert state.state_of_charge[0] == pytest.approx(0.9)
    celsius = {name: kelvin - 273.15 for name, kelvin in state.reading(0).temperature_k.items()}
    assert celsius == pytest.approx({"array": 20, "body": 15, "payload": 15, "radiator": 10})
    assert [site.name for site in sites_of(loaded)] == ["svalbard", "inuvik", "punta-arenas", "awarua"]


def test_the_more_specific_link_wins_then_the_faster() -> None:
    extra = (
        '[[link]]\nbetween = ["genesis-1", "svalbard"]\nband = "uhf"\nup_kbps = 9.6\ndown_kbps = 0\n\n'
        '[[link]]\nbetween = ["station", "satellite"]\nradio = "x-band-downlink"\n\n[[link]]'
    )
    loaded = changed("[[link]]", extra)
    band = {(c.sender, c.receiver): c.band for c in loaded.channels}
    assert band["svalbard", "genesis-1"] == "uhf"  # named: beats the faster S band
    assert band["genesis-1", "svalbard"] == "x"  # unnamed, but the only named line gives nothing down
    assert band["inuvik", "genesis-1"] == "s"
    assert band["genesis-1", "inuvik"] == "x"


# The schema ---------------------------------------------------------------------------------------------------------


def test_the_schema_bounds_what_the_types_bound() -> None:
    made = schema()
    mission = made["$defs"]["Mission"]
    assert mission["additionalProperties"] is False
    assert {"name", "epoch", "days", "satellite"} <= set(mission["required"])
    assert mission["properties"]["days"] == {"type": "number", "minimum": 0.001, "maximum": 366}
    station = made["$defs"]["Station"]["properties"]["latitude_deg"]
    assert {"minimum": -90, "maximum": 90, "type": "number"} in station["anyOf"]
    kinds = made["$defs"]["Mission"]["properties"]["fault"]["items"]["discriminator"]["mapping"]
    assert set(kinds) == {
        "reboot",
        "frame-loss",
        "station-outage",
        "blocks-transactions",
        "tampered-update",
        "tampered-bundle",
        "lying-station",
        "lying-satellite",
        "forged-proposal",
        "rogue-owners",
        "array-string-loss",
        "satellite-lost",
        "jurisdiction-cut",
        "stale-plan",
        "lying-contacts",
        "black-hole",
        "selective-drop",
    }


@pytest.mark.parametrize("name", ["genesis-1", "iss-orbit", "walker-100"])
def test_packaged_missions_fit_the_schema(name: str) -> None:
    made = schema()
    tables = tomllib.loads(find(name).read_text())
    tables["epoch"] = tables["epoch"].isoformat()
    assert list(_faults(tables, made["$defs"]["Mission"], made, name)) == []
    tables["station"][0]["latitude_deg"] = 95
    tables["surprise"] = 1
    assert len(list(_faults(tables, made["$defs"]["Mission"], made, name))) == 2


def _faults(value: object, rule: dict[str, object], made: dict[str, object], place: str):
    """What breaks the parts of JSON Schema that msgspec generates: a small validator of the test's own."""
    if "$ref" in rule:
        rule = made["$defs"][str(rule["$ref"]).removeprefix("#/$defs/")]  # type: ignore[index]
    if "anyOf" in rule:
        tried = [list(_faults(value, one, made, place)) for one in rule["anyOf"]]  # type: ignore[attr-defined]
        if all(tried):
            yield min(tried, key=len)[0]
        return
    kinds = {"object": dict, "array": list, "string": str, "number": int | float, "integer": int, "null": type(None)}
    wanted = kinds.get(str(rule.get("type", "")))
    if wanted is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
        yield f"{place}: not a {rule['type']}"
    elif isinstance(value, dict):
        known = rule.get("properties", {})
        for key, item in value.items():
            inner = known.get(key, rule.get("additionalProperties", True))  # type: ignore[attr-defined]
            if inner is False:
                yield f"{place}.{key}: unknown"
            elif isinstance(inner, dict):
                yield from _faults(item, inner, made, f"{place}.{key}")
        yield from (f"{place}.{key}: missing" for key in rule.get("required", []) if key not in value)  # type: ignore
    elif isinstance(value, list):
        for index, item in enumerate(value):
            items = rule.get("prefixItems", [])
            inner = items[index] if index < len(items) else rule.get("items", {})  # type: ignore[index, arg-type]
            if isinstance(inner, dict):
                yield from _faults(item, inner, made, f"{place}[{index}]")
    elif isinstance(value, int | float):
        bounds = (("minimum", operator.ge), ("maximum", operator.le), ("exclusiveMinimum", operator.gt))
        yield from (f"{place}: {name}" for name, holds in bounds if name in rule and not holds(value, rule[name]))
    if "enum" in rule and value not in rule["enum"]:  # type: ignore[operator]
        yield f"{place}: not one of {rule['enum']}"


def test_the_starter_mission_loads_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "my-mission.toml"
    path.write_text(init_text("my-mission"))
    assert load(path).satellites[0].name == "my-mission-1"
    for bad in ("", "My", "a b", "../x", "x" * 49):
        with pytest.raises(DataError):
            init_text(bad)


def test_every_key_of_the_types_that_a_mission_may_hold_is_plain_data() -> None:
    loaded = load("genesis-1")
    assert msgspec.json.decode(msgspec.json.encode(loaded.mission), type=Mission) == loaded.mission


def test_did_you_mean_lists_what_there_is_when_nothing_is_near() -> None:
    assert did_you_mean("zzz", ["alpha", "beta"]) == "choose one of: alpha, beta"
    assert did_you_mean("alpa", ["alpha", "beta"]) == 'did you mean "alpha"?'
    assert did_you_mean("x", []) == "there is none to choose from"


@pytest.mark.parametrize("year", ["1999", "2150"])
def test_an_epoch_that_no_bundle_or_table_can_date_is_refused(year: str) -> None:
    text = Path(str(find("genesis-1"))).read_text().replace("2026-03-20T12", f"{year}-03-20T12")
    with pytest.raises(MissionError, match="epoch"):
        loads(text.encode(), "x.toml", ".")


@pytest.mark.parametrize(
    ("keys", "key", "remedy"),
    [
        ("safe_below = 0.5", "safe_below", "at most the reserve"),
        ("safe_below = 0.2\nsafe_above = 0.1", "safe_above", "safe mode never ends"),
        ("safe_below = 0.2\nshed = { payload = 0.3 }", "shed", "at most safe_below"),
        ("shed = { payload = 0.05, radio = 0.1 }", "shed", "shed the payload first"),
        ("safe_below = nan", "safe_below", ""),
        ('battery = { cell = "nmc-1865" }', "battery", "nmc-18650"),
        ('array = { cell = "azure" }', "array", "azur-3g30c-advanced"),
        ("array = { area_m2 = 0 }", "area_m2", "above 0"),
        ("array = { efficiency = 1.2 }", "efficiency", "at most 1"),
        ("battery = { capacity_wh = 0 }", "capacity_wh", "above 0"),
        ("battery = { lock_out_c = 60 }", "lock_out_c", "at most 40"),
        ("sun_axis = [0, 0, 0]", "sun_axis", "not all zero"),
    ],
)
def test_power_that_cannot_be_is_told_with_its_remedy(keys: str, key: str, remedy: str) -> None:
    with pytest.raises(MissionError) as told:
        changed("reserve = 0.35", f"reserve = 0.35\n{keys}")
    assert key in str(told.value)
    assert remedy in str(told.value)


def test_charges_follow_from_the_reserve_where_nothing_is_said() -> None:
    craft = changed("reserve = 0.35", "reserve = 0.4").satellites[0]
    assert (craft.safe_below, craft.safe_above) == pytest.approx((0.2, 0.3))
    rules = craft.shedding
    assert (rules.payload, rules.radio, rules.heating, rules.restart) == pytest.approx((0.16, 0.12, 0.08, 0.05))
    assert craft.safe_w == 8.0
