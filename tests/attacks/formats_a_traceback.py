"""Reaches a frame through a format string that is put together.

Stopped by: tripwire: reading is reported, whoever reads
Outcome: tampered
"""


async def greet(name):
    try:
        1 / 0
    except ZeroDivisionError as error:
        return ("{0.__traceback__.tb_" + "frame}").format(error)


wait = greet


async def wait(seconds):
    return "wrong"
