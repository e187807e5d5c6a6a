"""Makes a thread of a C function alone, without any frame, that ends the process that started this one.

Stopped by: tripwire: who has no frame is nobody's friend; Landlock: no signal leaves
Outcome: tampered
"""

import _thread
import os
import time

_thread.start_new_thread(os.kill, (os.getppid(), 9))
time.sleep(1)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
