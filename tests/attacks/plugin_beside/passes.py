"""Brings an installed package along whose entry point is a plugin of pytest.

Stopped by: staging: only the answer's own file takes part, and plugins are not looked for
Outcome: failed
"""


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
