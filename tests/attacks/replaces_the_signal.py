"""Ignores the signal of the limit, and computes without end.

Stopped by: limits: the second one is set in C and does not ask Python
Outcome: failed
"""

import signal

signal.signal(signal.SIGALRM, signal.SIG_IGN)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
