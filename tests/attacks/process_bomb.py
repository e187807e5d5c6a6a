"""Starts processes through the standard library that start processes, and so on.

Stopped by: warden: beyond 64 processes everything is ended
Outcome: error
"""

import multiprocessing
import threading

context = multiprocessing.get_context("fork")


def more():
    workers = [context.Process(target=more) for _ in range(4)]
    for worker in workers:
        worker.start()
    threading.Event().wait(60)


async def greet(name):
    more()


wait = greet


async def wait(seconds):
    return "wrong"
