"""Reads the list of users.

Stopped by: tripwire, Landlock: nothing outside can be read
Outcome: tampered
"""

print(open("/etc/passwd").read())


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
