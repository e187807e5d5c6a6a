"""Runs a shell command from a thread without a frame of its own.

Stopped by: tripwire: those who call whatever they are given are known
Outcome: tampered
"""

import os
import threading

thread = threading.Thread(target=os.system, args=("sleep 600 &",))
thread.start()
thread.join()


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
