"""The alarm: says what was tried, before it happens, and ends the process in which it was tried.

The parent believes an alarm from anybody, since nobody gains by raising one. So it needs no seal, and a process that
was forked off can raise it too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import NoReturn

# What the process ends with, should nobody be able to hear the rest.
EXIT_CODE = 86
_MAX_VALUE = 300
Alarm = Callable[..., NoReturn]


def alarm_to(journal: int) -> Alarm:
    """Return a function that writes one alarm to the journal, as a template with its values, and ends the process."""
    write, leave, dumps = os.write, os._exit, json.dumps

    def alarm(template: str, /, **values: object) -> NoReturn:
        texts = {name: str(value)[:_MAX_VALUE] for name, value in values.items()}
        message = {"template": template, "values": texts}
        try:
            # On a line of its own, whatever was written before.
            write(journal, b"\n" + dumps({"event": "alarm", "message": message}).encode() + b"\n")
        finally:
            leave(EXIT_CODE)

    return alarm
