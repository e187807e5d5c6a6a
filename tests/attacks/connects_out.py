"""Sends what it finds to a server.

Stopped by: tripwire; Landlock: no TCP
Outcome: tampered
"""

import socket

socket.create_connection(("127.0.0.1", 9), timeout=1)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
