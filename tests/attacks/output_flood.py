"""Prints without end.

Stopped by: limits: output has an end, and shows as an error at the line that prints
Outcome: error
"""


async def greet(name):
    while True:
        print("x" * 100_000)


wait = greet


async def wait(seconds):
    return "wrong"
