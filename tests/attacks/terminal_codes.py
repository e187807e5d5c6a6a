"""Puts control characters into the text of an exception.

Stopped by: journal: control characters are neutralised
Outcome: error
"""


async def greet(name):
    raise ValueError("\x1b[2J\x1b]0;owned\x07\x9b31m\u202eevil")


wait = greet


async def wait(seconds):
    return "wrong"
