"""Puts commands to the build server into a message, at the beginning of a line.

Stopped by: journal: they are neutralised
Outcome: error
"""


async def greet(name):
    print("::set-output name=grade::100")
    raise ValueError("\n::notice file=x.py::all is well\n##[error]no")


wait = greet


async def wait(seconds):
    return "wrong"
