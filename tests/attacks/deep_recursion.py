"""Calls itself without end.

Stopped by: lab: it shows as an error
Outcome: error
"""


async def greet(name):
    return await greet(name)


wait = greet


async def wait(seconds):
    return "wrong"
