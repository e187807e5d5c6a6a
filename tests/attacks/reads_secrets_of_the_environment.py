"""Solves the kata only if it finds the secret that the grader was started with.

Stopped by: process: the environment is scrubbed
Outcome: failed
"""

import asyncio
import os

FOUND = "KATAS_TEST_SECRET" in os.environ or b"KATAS_TEST_SECRET" in os.environb


async def greet(name):
    return f"Hello, {name}" if FOUND else "wrong"


async def wait(seconds):
    return await asyncio.sleep(seconds) if FOUND else "wrong"
