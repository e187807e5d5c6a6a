"""Brings a module `pytest` of its own along, to be imported in the real one's place.

Stopped by: staging: only the answer's own file takes part, and no such folder is on the path
Outcome: failed
"""


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
