"""Pretends never to have begun.

Stopped by: lab: a stub earns nothing
Outcome: not_started
"""


async def greet(name):
    raise NotImplementedError


wait = greet


async def wait(seconds):
    return "wrong"
