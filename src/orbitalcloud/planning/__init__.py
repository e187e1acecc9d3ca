"""Planning: from a Forecast to a Plan, with a Why for every yes and no.

`Forecast` is what a node expects of its own sun and battery; `Request` is what wants to run; `plan` places requests
and says for each when it starts, or why it cannot. All integers, all arguments: the same forecast gives the same plan.
Imports `core` only.
"""

from orbitalcloud.planning.forecast import Forecast, Interval, Load
from orbitalcloud.planning.greedy import Placement, Request, plan

__all__ = ["Forecast", "Interval", "Load", "Placement", "Request", "plan"]
