"""The sim driver: flies a mission on the twin as fast as the machine allows, and can stop and go on anywhere.

`fly(loaded, folder)` flies; `resume(folder)` goes on after an interruption, to the same digest. Imports twin and below.
"""

from orbitalcloud.sim.flight import fly, resume, run

__all__ = ["fly", "resume", "run"]
