"""Opens its own memory as a file, in which the keys of the seals must be.

Stopped by: tripwire, Landlock: nothing outside can be read
Outcome: tampered
"""

with open("/proc/self/mem", "r+b", buffering=0) as memory:
    memory.seek(id(memory))
    print(memory.read(64))


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
