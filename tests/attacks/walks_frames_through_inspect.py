"""Lets the standard library look at the stack.

Stopped by: tripwire: those who look on behalf of others are known
Outcome: tampered
"""

import inspect


async def greet(name):
    return [row.frame for row in inspect.stack()]


wait = greet


async def wait(seconds):
    return "wrong"
