"""The static analyser finds what it is for, and the packaged contracts have none of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import check_contracts

HEAD = """# pragma version 0.4.3
interface Other:
    def change(): nonpayable

event Changed:
    value: uint256

HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
FIXED: immutable(Other)
kept: public(HashMap[address, uint256])

@deploy
def __init__(other: address):
    FIXED = Other(other)

@external
def sound(digest: bytes32, v: uint256, r: uint256, s: uint256):
    assert s <= HALF_ORDER, "high s"
    self.kept[ecrecover(digest, v, r, s)] = 1
    log Changed(value=1)
    extcall FIXED.change()
"""

WRONG = {
    "effects": """
@external
@nonreentrant
def wrong():
    send(msg.sender, self.kept[msg.sender])
    self.kept[msg.sender] = 0
    log Changed(value=0)
""",
    "effects, one call down": """
@internal
def _out():
    raw_call(msg.sender, b"")

@external
@nonreentrant
def wrong():
    self._out()
    self.kept[msg.sender] = 0
    log Changed(value=0)
""",
    "reentrancy": """
@external
def wrong():
    self.kept[msg.sender] = 0
    log Changed(value=0)
    send(msg.sender, 1)
""",
    "calls": """
@external
def wrong(other: address):
    extcall Other(other).change()
""",
    "tells": """
@external
def wrong():
    self.kept[msg.sender] = 1
""",
    "recovers": """
@external
@view
def wrong(digest: bytes32, v: uint256, r: uint256, s: uint256) -> address:
    return ecrecover(digest, v, r, s)
""",
    "reasons": """
@external
@view
def wrong():
    assert self.kept[msg.sender] > 0
""",
    "exactness": """
@external
@view
def wrong(a: uint256) -> uint256:
    return a // 3 * 5
""",
    "time": """
@external
@view
def wrong() -> bool:
    return block.timestamp == 5
""",
    "forbidden": """
@external
@view
def wrong() -> bool:
    return tx.origin == msg.sender
""",
    "used": """
@internal
def _wrong():
    pass
""",
}


def rules(tmp_path: Path, text: str) -> list[str]:
    source = tmp_path / "one.vy"
    source.write_text(text)
    return [rule for _, rule, _ in check_contracts.broken(check_contracts.Contract(source))]


def test_what_is_sound_is_not_found(tmp_path: Path) -> None:
    assert rules(tmp_path, HEAD) == []


@pytest.mark.parametrize("name", WRONG)
def test_each_rule_finds_what_breaks_it(tmp_path: Path, name: str) -> None:
    assert rules(tmp_path, HEAD + WRONG[name]) == [name.split(",")[0]]


def test_the_packaged_contracts_break_no_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_contracts.main(sorted(check_contracts.SOURCES.glob("*.vy"))) == 0
    assert "3 contracts" in capsys.readouterr().err
