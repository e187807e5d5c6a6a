"""Ends everybody from a fresh interpreter that nobody watches.

Stopped by: Landlock: no signal leaves; where it cannot say so, see the threat model
Outcome: error
"""

import multiprocessing
import os
import signal


def end_everybody():
    for pid in (os.getppid(), 1):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


async def greet(name):
    worker = multiprocessing.get_context("fork").Process(target=os.kill, args=(os.getppid(), signal.SIGKILL))
    worker.start()
    worker.join()
    os._exit(0)


wait = greet


async def wait(seconds):
    return "wrong"
