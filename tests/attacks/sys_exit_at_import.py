"""Raises SystemExit(0) at import.

Stopped by: recorder: whatever leaves the import is the answer's failure
Outcome: error
"""

import sys

sys.exit(0)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
