"""Says what a right answer said in an examination with another seed, line by line, under the turns of this one.

Stopped by: names of collaborators and runs, like all values, are new in every examination.
Ends: tampered
"""

import sys


def link_of_the_worker():
    """Walk the frames up to the worker's main(), which holds the pipes."""
    frame = sys._getframe()
    while "link" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["link"]


RECORDED = [
    *({"say": "call", "of": "7b7f6c7a6d2f4a3c9b1e", "args": [f"https://{place:020x}/"]} for place in range(12)),
    {"say": "returned", "run": "0d4e7a3f1c2b5a69788f", "value": [f"{place:020x}" for place in range(12)]},
]

link = link_of_the_worker()
link.rest(None)
while True:
    link.next_orders()
    for record in RECORDED:
        link.say(record["say"], **{key: value for key, value in record.items() if key != "say"})
    link.rest(None)
