"""How much stands between an answer and the grader; each level adds to the one before."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """`LEARNER` is for one's own code, `FULL` for strangers'; those between serve to find out what a layer does."""

    LEARNER = "learner"
    PROCESS = "process"
    FILES = "files"
    FULL = "full"

    def includes(self, other: Level) -> bool:
        """Tell whether this level has the layers of the other one."""
        order = list(Level)
        return order.index(self) >= order.index(other)
