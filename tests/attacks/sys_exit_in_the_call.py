"""Raises SystemExit(0) inside a check.

Stopped by: lab: whatever leaves a call is what the check judges
Outcome: error
"""

import sys


async def greet(name):
    sys.exit(0)


async def wait(seconds):
    sys.exit(0)
