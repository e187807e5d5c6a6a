"""Behaves well only if pytest tells it which check is running.

Stopped by: process: the variable is not set
Outcome: failed
"""

import asyncio
import os


def is_watched():
    return "PYTEST_CURRENT_TEST" in os.environ


async def greet(name):
    return f"Hello, {name}" if is_watched() else "wrong"


async def wait(seconds):
    return await asyncio.sleep(seconds) if is_watched() else "wrong"
