"""Brings its own copy of the checks along, which pass.

Stopped by: staging: the checks are the course's own
Outcome: failed
"""


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
