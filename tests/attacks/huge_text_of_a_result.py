"""Returns an object whose text has a hundred million characters.

Stopped by: lab: objects are not asked to describe themselves
Outcome: failed
"""


class Huge:
    def __repr__(self):
        return "x" * 100_000_000

    __str__ = __repr__


async def greet(name):
    return Huge()


wait = greet


async def wait(seconds):
    return "wrong"
