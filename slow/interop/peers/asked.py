"""A peer program's line: JSON questions come in on stdin, JSON answers go out, and nothing else does.

What the peer's own code prints goes to stderr, so that it stands in no answer.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable

Steps = dict[str, Callable[[dict], object]]


def serve(steps: Steps, pause: Callable[[], None] = lambda: None) -> None:
    """Answer every question by the step that it names, until there are no more; `pause` is called after each."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            answer = {"ok": steps[ask["ask"]](ask)}
        except Exception:
            answer = {"error": traceback.format_exc(limit=3)}
        print(json.dumps(answer), file=answers, flush=True)
        pause()
