"""Errors tell the place, the value and the remedy; they survive a pickle, as results from a worker must."""

import pickle

import pytest

from orbitalcloud.core import (
    DataError,
    Interrupted,
    MissionError,
    OrbitalError,
    Refused,
    RemoteProtocolError,
    Unreachable,
    Why,
)

ERRORS = [
    DataError("station oslo", 95, "write a latitude from -90 to 90"),
    MissionError("my.toml", 12, "station.latitude_deg", 95, "write a latitude from -90 to 90"),
    Refused(Why(False, "reserve", "the battery is at 30 %", 300_000, 350_000, "ppm")),
    RemoteProtocolError("crc", "block 2"),
    Unreachable("no answer"),
    Interrupted("stopped"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_a_pickle(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)
    assert isinstance(again, OrbitalError)


def test_a_mission_error_reads_like_a_compiler():
    assert str(ERRORS[1]) == "my.toml:12: station.latitude_deg: 95: write a latitude from -90 to 90"


def test_a_long_value_is_shown_short():
    assert len(str(DataError("file", "x" * 10_000, "shorten it"))) < 200


def test_exit_codes_are_the_design():
    assert [error.exit_code for error in ERRORS] == [2, 2, 1, 2, 1, 130]
