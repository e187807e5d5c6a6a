"""Computes without end, and swallows every interruption.

Stopped by: limits: the second one is set in C and does not ask Python
Outcome: timeout
"""


async def greet(name):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


wait = greet


async def wait(seconds):
    return "wrong"
