"""What a check may rely on: probes that record, gates, a virtual clock, and failures that teach.

A check is an async test function with a docstring (the line a learner reads beside the tick or the cross), the
marker `task(number)` and, where it watches something, the fixture `lab`.
"""

from asyncio_katas.lab.calls import Attempt, Call, ThreadCall
from asyncio_katas.lab.lab import Lab
from asyncio_katas.lab.messages import Message, expect, expect_same, fail, same, show
from asyncio_katas.lab.probes import Gate, Probe
from asyncio_katas.lab.rendezvous import ProcessGate, ThreadGate, pass_gate
from asyncio_katas.lab.timeline import Mark, Span

__all__ = [
    "Attempt",
    "Call",
    "Gate",
    "Lab",
    "Mark",
    "Message",
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
