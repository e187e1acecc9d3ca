"""`orbital verify` on updates and proofs, and `orbital wallet`: real data, exit codes, reasons, no secret shown."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from ethereum.execution_data import real_proofs
from orbitalcloud.cli.run import run
from orbitalcloud.ethereum import ELECTRA_CROSSING, recover_sender

DATA = files("orbitalcloud") / "data" / "ethereum"
UPDATES = [str(DATA / name) for name in ELECTRA_CROSSING.updates]
TRUST = ["--bootstrap", "packaged:electra-crossing", "--at", "2026-01-01T00:00:00Z"]


def told(capsys, code, *words):
    """What a command says as JSON, after it ended with this code."""
    assert run([*map(str, words), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_real_updates_verify_in_a_row_and_only_so(capsys):
    found = told(capsys, 0, "verify", *UPDATES, *TRUST)
    assert found["holds"]
    assert found["checks"][-1]["finalized_slot"] == 11651008
    refused = told(capsys, 1, "verify", *reversed(UPDATES), *TRUST)
    assert [check["rule"] for check in refused["checks"]] == ["checkpoint", "period"]
    early = told(capsys, 1, "verify", *UPDATES, *TRUST[:2], "--at", "2025-01-01T00:00:00Z")
    assert early["checks"][-1]["rule"] == "future"


def test_a_changed_update_is_refused_by_name(capsys, tmp_path):
    raw = bytearray((DATA / ELECTRA_CROSSING.updates[0]).read_bytes())
    raw[-20] ^= 1
    (tmp_path / "bad.ssz").write_bytes(raw)
    assert run(["verify", str(tmp_path / "bad.ssz"), *TRUST]) == 1
    assert "✗ bad.ssz: " in capsys.readouterr().out
    (tmp_path / "short.ssz").write_bytes(raw[:100])
    assert told(capsys, 1, "verify", tmp_path / "short.ssz", *TRUST)["checks"][-1]["rule"] in ("size", "ssz", "fork")
    (tmp_path / "long.ssz").write_bytes(bytes(2**21))
    assert run(["verify", str(tmp_path / "long.ssz"), *TRUST]) == 2


def test_a_bootstrap_of_ones_own_needs_its_checkpoint(capsys):
    own = ["--bootstrap", str(DATA / ELECTRA_CROSSING.bootstrap), "--at", "2026-01-01T00:00:00Z"]
    assert run(["verify", *UPDATES, *own]) == 2
    assert "--checkpoint" in capsys.readouterr().err
    root = ELECTRA_CROSSING.checkpoint_root.hex()
    assert told(capsys, 0, "verify", *UPDATES, *own, "--checkpoint", "0x" + root)["holds"]
    wrong = told(capsys, 1, "verify", *UPDATES, *own, "--checkpoint", "0x" + "00" * 32)
    assert wrong["checks"][-1]["rule"] == "checkpoint"
    for bad in (["--bootstrap", "packaged:electra"], ["--bootstrap", own[1], "--checkpoint", "abc"], []):
        assert run(["verify", *UPDATES, *bad]) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_real_proofs_hold_under_their_root_and_no_other(capsys, tmp_path):
    one = real_proofs()[0]
    place = tmp_path / "proof.json"
    place.write_bytes(one.raw)
    found = told(capsys, 0, "verify", place, "--root", "0x" + one.state_root.hex())
    assert found["checks"][0]["exists"]
    assert told(capsys, 1, "verify", place, "--root", "0x" + "11" * 32)["checks"][0]["rule"].startswith("proof")
    assert not told(capsys, 1, "verify", *UPDATES, place, *TRUST)["holds"], "it is of another block than the head"
    assert run(["verify", str(place)]) == 2
    assert "--root" in capsys.readouterr().err


def test_two_receipts_are_asked_for_one_by_one(capsys, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    assert run(["verify", str(tmp_path / "a.json"), str(tmp_path / "a.json")]) == 2
    assert "give one receipt" in capsys.readouterr().err


# wallet -------------------------------------------------------------------------------------------------------------


def test_a_wallet_is_made_shown_and_signs(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ORBITAL_PASSWORD", "correct horse")
    monkeypatch.setattr("orbitalcloud.ethereum.keystore.STANDARD_SCRYPT_N", 1024)
    place = tmp_path / "operator.json"
    address = told(capsys, 0, "wallet", "new", place)["address"]
    assert told(capsys, 0, "wallet", "address", place)["address"] == address
    assert place.stat().st_mode & 0o077 == 0
    assert run(["wallet", "new", str(place)]) == 2, "a keystore is never overwritten"
    draft = {"chainId": 31337, "nonce": "0x0", "gas": 21000, "to": "0x" + "35" * 20, "value": "7", "maxFeePerGas": 9}
    (tmp_path / "tx.json").write_text(json.dumps(draft))
    signed = told(capsys, 0, "wallet", "sign", place, tmp_path / "tx.json")
    assert signed["from"] == address
    assert recover_sender(bytes.fromhex(signed["raw"][2:])) == address
    monkeypatch.setenv("ORBITAL_PASSWORD", "wrong")
    assert run(["wallet", "sign", str(place), str(tmp_path / "tx.json")]) == 2
    out, err = capsys.readouterr()
    assert "MAC" in err
    assert "wrong" not in out + err


@pytest.mark.parametrize(
    ("draft", "word"),
    [
        ("[]", "object"),
        ('{"chainId": 1}', "nonce"),
        ('{"chainId": -1, "nonce": 0, "gas": 1}', "chainId"),
        ('{"chainId": 1, "nonce": 0, "gas": 1, "to": "0x12"}', "address"),
        ('{"chainId": 1, "nonce": 0, "gas": 1, "data": "zz"}', "zz"),
        ('{"chainId": 1, "nonce": 0, "gas": 1, "key": "0x00"}', "key"),
    ],
)
def test_wrong_drafts_are_named_before_the_password_is_used(capsys, tmp_path, monkeypatch, draft, word):
    monkeypatch.setenv("ORBITAL_PASSWORD", "x")
    place = tmp_path / "k.json"
    monkeypatch.setattr("orbitalcloud.ethereum.keystore.STANDARD_SCRYPT_N", 1024)
    assert run(["wallet", "new", str(place)]) == 0
    (tmp_path / "tx.json").write_text(draft)
    capsys.readouterr()
    assert run(["wallet", "sign", str(place), str(tmp_path / "tx.json")]) == 2
    err = capsys.readouterr().err
    assert word in err
    assert "Traceback" not in err


def test_actions_and_files_that_are_none(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ORBITAL_PASSWORD", "x")
    (tmp_path / "no.json").write_text("[]")
    for words, said in (
        (["wallet", "nwe", "a.json"], 'did you mean "new"'),
        (["wallet", "address", str(tmp_path / "gone.json")], "No such file"),
        (["wallet", "address", str(tmp_path / "no.json")], "no keystore"),
        (["wallet", "sign", str(tmp_path / "no.json")], "KEYSTORE TX.json"),
    ):
        assert run(words) == 2
        assert said in capsys.readouterr().err
