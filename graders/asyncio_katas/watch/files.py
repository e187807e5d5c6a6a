"""Tells when somebody saves a file below a folder, by what the file system reports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import watchfiles

# Milliseconds between two looks at what was reported. A burst of reports is handed over as soon as one such
# interval was quiet, at the latest after the second number: more is gained by looking at the files themselves.
_STEP_MS, _BURST_MS = 10, 50


class Reports:
    """A thread that calls `reported` after every change of a Python or TOML file, until the block is left.

    `failed` tells that there will be no reports any more.
    """

    def __init__(self, folder: Path, reported: Callable[[], None]) -> None:
        self._folder, self._reported = folder, reported
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="reports", daemon=True)
        self.failed = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join()

    def _listen(self) -> None:
        try:
            for _ in watchfiles.watch(
                self._folder,
                watch_filter=lambda _, path: path.endswith((".py", ".toml")),
                step=_STEP_MS,
                debounce=_BURST_MS,
                stop_event=self._leaving,
                raise_interrupt=False,
            ):
                self._reported()
        except (OSError, RuntimeError):
            # No descriptors left, for example. Whoever looks at the files now and then will notice.
            self.failed = True
