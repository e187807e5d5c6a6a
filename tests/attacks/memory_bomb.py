"""Takes memory without end.

Stopped by: limits: the address space has an end
Outcome: error
"""


async def greet(name):
    hoard = []
    while True:
        hoard.append(bytes(1 << 30))


wait = greet
