"""`orbital plan` plans a packaged mission, by the checker's leave, and names what it does not know."""

import json

from orbitalcloud.cli.run import run
from orbitalcloud.core import MINUTE
from orbitalcloud.mission import load
from orbitalcloud.planning.checker import faults
from orbitalcloud.planning.planners import Effort
from orbitalcloud.study.ahead import plan_ahead


def test_genesis_1_is_planned_and_the_plan_holds():
    problem, made = plan_ahead(load("genesis-1"), "best", 10.0, Effort(100, 200))
    assert problem.slot_ns == 10 * MINUTE
    assert faults(problem, made) == []
    assert made.value <= made.bound
    asked_too_late = next(one for one in made.placed if one.job == "flood-alert-001")
    assert asked_too_late.why.rule == "deadline"


def test_the_verb_prints_the_plan_and_answers_no_where_a_job_has_no_place(capsys):
    assert run(["plan", "genesis-1", "--planner", "greedy", "--slot-min", "10", "--no-bound", "--json"]) == 1
    made = json.loads(capsys.readouterr().out)
    assert made["planner"] == "greedy"
    assert made["bound"] is None
    assert made["missed"] == sum(one["craft"] is None for one in made["placed"]) > 0


def test_an_unknown_planner_is_named(capsys):
    assert run(["plan", "genesis-1", "--planner", "greedyy"]) == 2
    assert 'did you mean "greedy"' in capsys.readouterr().err
