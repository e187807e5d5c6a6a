"""Skips the whole module at import, with the import's name in pieces.

Stopped by: vetting: modules whose name is put together at run time
Outcome: tampered
"""

skip = __import__("py" + "test").skip
skip("all of it", allow_module_level=True)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
