"""Raises an exception whose text has a hundred million characters.

Stopped by: lab: texts are cut
Outcome: error
"""


class Huge(Exception):
    def __str__(self):
        return "x" * 100_000_000


async def greet(name):
    raise Huge


wait = greet


async def wait(seconds):
    return "wrong"
