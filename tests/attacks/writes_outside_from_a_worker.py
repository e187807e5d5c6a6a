"""Writes to the outside from a process that nobody watches.

Stopped by: Landlock: nothing but the scratch folder can be written to; where it is missing, see the threat model
Outcome: error
"""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path


async def greet(name):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(Path("/tmp/asyncio-katas-owned.txt").write_text, "x").result()


wait = greet


async def wait(seconds):
    return "wrong"
