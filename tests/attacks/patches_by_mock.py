"""Lets the standard library's mock replace the comparison.

Stopped by: integrity: who replaces something does not matter
Outcome: tampered
"""

import unittest.mock

unittest.mock.patch("asyncio_" + "katas.lab.messages.same", lambda *_: True).start()


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
