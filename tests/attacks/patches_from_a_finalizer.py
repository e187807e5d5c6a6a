"""Replaces the comparison when an object of its own is collected.

Stopped by: integrity: who replaces something, and when, does not matter
Outcome: tampered
"""

import sys

loaded = getattr(sys, "mod" + "ules")


class Late:
    def __del__(self):
        vars(loaded["asyncio_" + "katas.lab.calls"])["same"] = lambda *_: True


async def greet(name):
    circle = [Late()]
    circle.append(circle)


wait = greet


async def wait(seconds):
    return "wrong"
