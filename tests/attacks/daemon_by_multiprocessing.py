"""Starts a process through the standard library that leaves the session, ignores signals and sleeps.

Stopped by: warden: whatever is below it is found and ended
Outcome: failed
"""

import multiprocessing
import os
import signal
import time


def stay():
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)


multiprocessing.get_context("fork").Process(target=stay, daemon=True).start()


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
