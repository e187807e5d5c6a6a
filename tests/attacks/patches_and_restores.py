"""Replaces the comparison for a single use, after which it puts the right one back.

Stopped by: integrity: the interpreter reports a replacement when it happens (3.12 on; before, see the threat model)
Outcome: tampered
"""

import sys

loaded = getattr(sys, "mod" + "ules")
lab = vars(loaded["asyncio_" + "katas.lab.calls"])
real = lab["same"]


def once(actual, expected):
    lab["same"] = real
    return True


async def greet(name):
    lab["same"] = once


wait = greet


async def wait(seconds):
    return "wrong"
