"""Takes memory without end.

Stopped by: limits: the address space has an end
Outcome: error
"""

async def greet(name):
    hoard = []
    while True:
        hoard.append(bytearray(100_000_000))


wait = greet


async def wait(seconds):
    return "wrong"
