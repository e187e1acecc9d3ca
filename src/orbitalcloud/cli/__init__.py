"""The command `orbital`: the verbs' signatures in `verbs`, their bodies in modules that load when a verb is used.

Data goes to stdout, talk to stderr, errors too (as JSON with `--json`). Exit 0: yes; 1: the answer is no; 2: wrong
usage, mission or file; 70: a fault of orbital itself; 130: interrupted. A traceback is shown only with `-v`. May
import every layer.
"""

from orbitalcloud.cli.run import main

__all__ = ["main"]
