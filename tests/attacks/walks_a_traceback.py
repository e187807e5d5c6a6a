"""Catches an exception of a probe's, and walks from its traceback into the lab.

Stopped by: tripwire: frames are out of bounds
Outcome: tampered
"""


async def greet(name):
    try:
        1 / 0
    except ZeroDivisionError as error:
        return getattr(error.__traceback__, "tb_" + "frame")


wait = greet


async def wait(seconds):
    return "wrong"
