"""The fuzz targets hold for their real data, for cut and bent forms of it, and for every crash that was mended."""

import random
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "fuzz"
sys.path.insert(0, str(FUZZ))

import harness  # noqa: E402


@pytest.mark.parametrize("name", harness.TARGETS)
def test_a_target_holds(name):
    one = harness.load(name)
    corpus = one.corpus()
    assert corpus, "there is real data to begin with"
    draw = random.Random(name)
    smallest = sorted(corpus.values(), key=len)[:12]
    for data in smallest:
        harness.tried(one.target, data)
        harness.tried(one.target, data[: draw.randrange(len(data) + 1)])
        for _ in range(4):
            bent = bytearray(data)
            for _ in range(draw.choice((1, 1, 2, 8))):
                bent[draw.randrange(len(bent))] = draw.randrange(256)
            harness.tried(one.target, bytes(bent))
    for mended in sorted((FUZZ / "mended").glob(f"{name}/*")):
        harness.tried(one.target, mended.read_bytes())


def test_an_error_without_a_name_is_a_crash():
    def broken(data: bytes) -> None:
        raise ValueError("not a refusal")

    with pytest.raises(ValueError, match="not a refusal"):
        harness.tried(broken, b"x")


def test_the_targets_are_those_that_the_issue_asks_for():
    wanted = {
        "light_client",
        "rlp_items",
        "trie_proofs",
        "eip1186",
        "keystores",
        "receipt_json",
        "abi_answers",
        "batches",
        "chain_orders",
    }
    assert wanted <= set(harness.TARGETS)
