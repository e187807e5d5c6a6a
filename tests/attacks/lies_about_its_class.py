"""Returns an object that pretends to be of the expected class.

Stopped by: lab: the type is asked, not the object
Outcome: failed
"""


class Liar:
    __class__ = str

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


async def greet(name):
    return Liar()


wait = greet


async def wait(seconds):
    return "wrong"
