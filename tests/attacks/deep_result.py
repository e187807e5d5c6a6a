"""Returns a list that is nested a hundred thousand times.

Stopped by: lab: texts are cut, and what cannot be shown is named
Outcome: failed
"""


async def greet(name):
    result = []
    for _ in range(100_000):
        result = [result]
    return result


wait = greet


async def wait(seconds):
    return "wrong"
