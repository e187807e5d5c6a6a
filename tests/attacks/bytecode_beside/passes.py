"""Brings compiled code along for the answer, the checks and the lab.

Stopped by: staging: only the answer's own file takes part
Outcome: failed
"""


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
