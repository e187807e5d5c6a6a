"""A plugin of pytest for the benchmark: the virtual clock moves no faster than a real one.

So long does the same check take where it waits in earnest. Whoever writes such checks keeps waits short, so none is
longer than a second here.
"""

from __future__ import annotations

from typing import Any

from asyncio_katas.lab.blocking import real_sleep
from asyncio_katas.lab.clock import VirtualLoop

_LONGEST_S = 1.0
_moves = VirtualLoop._move_to


def _sleeps(self: Any, moment: float) -> None:
    real_sleep(min(max(moment - self.time(), 0.0), _LONGEST_S))
    _moves(self, moment)


VirtualLoop._move_to = _sleeps  # type: ignore[method-assign]
