"""Writes verdicts into every open descriptor.

Stopped by: seals: a record that the recorder did not seal is tampering
Outcome: tampered
"""

import json
import os

for file in range(3, 64):
    for check in ("test_greet", "test_wait", "test_wait_no_time"):
        record = {"event": "verdict", "check": "passes::" + check, "outcome": "passed"}
        try:
            os.write(file, b"\n" + json.dumps(record).encode() + b"\n")
        except OSError:
            pass


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
