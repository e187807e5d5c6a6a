"""Sends what it finds in datagrams, which Landlock lets through.

Stopped by: tripwire: an answer uses no network
Outcome: tampered
"""

import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"secret", ("127.0.0.1", 9))


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
