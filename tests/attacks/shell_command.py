"""Runs a shell command that stays behind.

Stopped by: tripwire: an answer starts no programs
Outcome: tampered
"""

import subprocess

subprocess.Popen(["/bin/sh", "-c", "setsid sleep 600 &"], start_new_session=True)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
