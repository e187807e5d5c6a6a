"""What a check may rely on: probes that record, gates, a virtual clock, and failures that teach.

A check is an async test function with a docstring (the line a learner reads beside the tick or the cross), the
marker `task(number)` and, where it watches something, the fixture `lab`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio_katas.lab.calls import Attempt, Call, ThreadCall
    from asyncio_katas.lab.lab import Lab
    from asyncio_katas.lab.messages import Message, expect, expect_same, fail, same, show
    from asyncio_katas.lab.probes import Gate, OnlyAwaitable, Probe
    from asyncio_katas.lab.rendezvous import ProcessGate, ThreadGate, pass_gate
    from asyncio_katas.lab.timeline import Mark, Span

__all__ = [
    "Attempt",
    "Call",
    "Gate",
    "Lab",
    "Mark",
    "Message",
    "OnlyAwaitable",
    "Probe",
    "ProcessGate",
    "Span",
    "ThreadCall",
    "ThreadGate",
    "expect",
    "expect_same",
    "fail",
    "pass_gate",
    "same",
    "show",
]
_HOMES = {
    "calls": ("Attempt", "Call", "ThreadCall"),
    "lab": ("Lab",),
    "messages": ("Message", "expect", "expect_same", "fail", "same", "show"),
    "probes": ("Gate", "OnlyAwaitable", "Probe"),
    "rendezvous": ("ProcessGate", "ThreadGate", "pass_gate"),
    "timeline": ("Mark", "Span"),
}


def __getattr__(name: str) -> Any:
    """Bring what a check asks for: the grader itself needs only the messages, and asyncio takes long to import."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
