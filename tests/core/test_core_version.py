"""One version: the package's, the project file's and the one a flight is stamped with."""

import tomllib
from pathlib import Path

import pytest

import orbitalcloud
from orbitalcloud.core.version import VERSION


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION == orbitalcloud.__version__


def test_the_sdk_names_are_there_and_a_wrong_one_is_told():
    for name in orbitalcloud.__all__:
        assert getattr(orbitalcloud, name) is not None
    with pytest.raises(AttributeError, match="fly"):
        orbitalcloud.flie  # noqa: B018 - the access is the test
