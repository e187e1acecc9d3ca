"""Planning: from forecasts to a plan, with a Why for every yes and no.

Two sizes. On board, `plan` places a satellite's own `Request`s on its `Forecast` (`greedy`, `forecast`): exact times,
nothing compiled. Ahead, for a fleet, `planners.make_plan` takes a `problem.Problem` (jobs, slots, satellites with sun,
battery, heat and passes) and gives an `answers.Plan` that says how far it is from the best possible: `tables` compiles
the problem, `kernels` and `search` place jobs, `dual` and `counting` prove the upper bound, `explain` says why,
`checker` verifies by exact arithmetic of its own. All arguments: the same inputs and seed give the same plan. Imports
`core` only; the modules of the second size are imported by name, for they compile.
"""

from orbitalcloud.planning.forecast import Forecast, Interval, Load
from orbitalcloud.planning.greedy import FLYING, Flying, Placement, Request, plan

__all__ = ["FLYING", "Flying", "Forecast", "Interval", "Load", "Placement", "Request", "plan"]
