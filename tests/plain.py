"""Plain pytest in processes forked from a warm server: the same program, without its start-up each time."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

PRELOAD = ["pytest", "pytest_asyncio.plugin", "pytest_timeout", "asyncio_katas.lab.plugin", "plain"]


def run(folder: Path, *arguments: str) -> str:
    """Run pytest in a folder and return what it printed."""
    output = folder / "output.txt"
    # Where nothing can be forked, a fresh interpreter does the same, only more slowly.
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
    if forks:
        context.set_forkserver_preload(PRELOAD)
    process = context.Process(target=_run, args=(str(folder), str(output), arguments))
    process.start()
    process.join(300)
    if forks:
        # Whatever an answer left running goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"pytest did not end in {folder}:\n{output.read_text(encoding='utf-8')}")
    return output.read_text(encoding="utf-8")


def _run(folder: str, output: str, arguments: tuple[str, ...]) -> None:
    import pytest  # noqa: PLC0415 - in the child alone

    os.chdir(folder)
    if hasattr(os, "setsid"):
        os.setsid()
    os.environ["COLUMNS"] = "200"
    # What a learner has installed; the project's own tools bring plugins that cost each run a second.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    arguments = ("-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", *arguments)
    with open(output, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor is what is wanted
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    code = pytest.main(list(arguments))
    sys.stdout.flush()
    # Past the verdicts: what an answer left running (a broken process pool, say) may never let the interpreter end.
    os._exit(code)
