"""Walks up the stack to the check's local variables.

Stopped by: vetting: names that lead into other people's frames
Outcome: tampered
"""

import sys


async def greet(name):
    return sys._getframe(3).f_locals


wait = greet


async def wait(seconds):
    return "wrong"
