"""Stays in a C function that no signal can interrupt.

Stopped by: limits: the second one is set in C and does not ask Python
Outcome: timeout
"""


async def greet(name):
    return 3**3**20 % 10


wait = greet


async def wait(seconds):
    return "wrong"
