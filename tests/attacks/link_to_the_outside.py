"""Makes a link in its scratch folder and writes through it to the outside.

Stopped by: tripwire: the target counts; Landlock: so it does there
Outcome: tampered
"""

import os
import tempfile

link = os.path.join(tempfile.gettempdir(), "link")
os.symlink("/var/tmp", link)
open(os.path.join(link, "owned.txt"), "w").write("x")


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
