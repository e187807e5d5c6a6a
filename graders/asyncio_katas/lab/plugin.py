"""The lab as a pytest plugin: virtual loop, limit, hygiene, and one verdict per check in the learner's words."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from collections.abc import Generator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from asyncio_katas.lab import blocking, outside
from asyncio_katas.lab.clock import VirtualLoop
from asyncio_katas.lab.hygiene import clear_away, end_tasks, errors_met
from asyncio_katas.lab.lab import Lab
from asyncio_katas.lab.limits import Limit, LimitFired
from asyncio_katas.lab.messages import CheckFailed, Message, describe
from asyncio_katas.lab.verdicts import OUTCOMES, LeftTheCheck, Verdict, answer_place, is_stub, judge

_LAB = pytest.StashKey[Lab]()
_LIMIT = pytest.StashKey[Limit]()
_USED: weakref.WeakSet[ModuleType] = weakref.WeakSet()
# What leaves a function that is not written correctly, rather than one that behaves differently.
_MISTAKES = (NameError, TypeError, AttributeError, RecursionError)
VERDICT = pytest.StashKey[Verdict]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the one marker checks carry, and watch thread pools for as long as the session lasts."""
    config.addinivalue_line("markers", "task(number): the task of the kata this check belongs to")
    watch = ExitStack()
    watch.enter_context(outside.recorded())
    watch.enter_context(blocking.noted())
    config.add_cleanup(watch.close)


def pytest_collection_finish() -> None:
    """Leave everything imported so far out of later garbage collections."""
    gc.freeze()


def pytest_asyncio_loop_factories() -> dict[str, type[VirtualLoop]]:
    """Run every check on the virtual clock."""
    return {"virtual": VirtualLoop}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Import the answer anew for all but its first check, so that no check depends on which ones ran before it."""
    clear_away()
    answer = sys.modules.get(item.path.stem.removeprefix("test_"))
    if answer is not None and Path(str(answer.__file__)).parent == item.path.parent:
        if answer in _USED:
            exec(_code_of(item.path.with_name(f"{answer.__name__}.py")), vars(answer))  # noqa: S102 - as an import does
        _USED.add(answer)
    return (yield)


@functools.cache
def _code_of(path: Path) -> CodeType:
    """Return what importing a file runs: compiling it for each of its checks would take longer than most of them."""
    code: CodeType = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    return code


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep nothing of a check that is over: whoever asks for all tasks would go through those of all checks."""
    result = yield
    if _LAB in item.stash:
        del item.stash[_LAB]
    if _LIMIT in item.stash:
        del item.stash[_LIMIT]
    return result


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Lab:
    """Return what this check watches the code under test with."""
    return _lab_of(request.node)


def _lab_of(item: pytest.Item) -> Lab:
    return item.stash.setdefault(_LAB, Lab())


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool | None:
    """Interrupt by a signal that is remembered, instead of one the code under test may swallow."""
    if settings.method != "signal" or not Limit.available():
        return None
    limit = Limit(settings.timeout)
    item.stash[_LIMIT] = limit
    limit.arm()
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> bool | None:
    """Give the signal back."""
    limit = item.stash.get(_LIMIT, None)
    if limit is None:
        return None
    limit.disarm()
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run the check, then judge what it could not see itself: the limit, a blocked loop, what was left behind."""
    lab = _lab_of(item)
    limit = item.stash.get(_LIMIT, None)
    failure: BaseException | None = None
    result: object = None
    with lab.hygiene.watching():
        loop = _loop_of(item)
        try:
            try:
                result = yield
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever leaves the check is judged
                failure = error
            finally:
                if limit:
                    limit.stop()
                lab.timeline.close(lab.last_moment)
                lab.end()
            failure = _failure(lab, limit, failure) or failure
            if failure is None:
                with limit.cleaning() if limit else nullcontext():
                    failure = lab.hygiene.verdict(lab, loop)
        finally:
            if loop:
                with limit.cleaning() if limit else nullcontext():
                    end_tasks(loop)
    if limit and limit.fired:
        failure = limit.verdict()
    elif failure is not None:
        failure = _stub(lab, loop) or failure
    if failure is not None:
        raise failure
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Limit what closing the loop may take: it runs the code under test once more."""
    limit = item.stash.get(_LIMIT, None)
    with limit.cleaning() if limit else nullcontext():
        return (yield)
    return None


def _loop_of(item: pytest.Item) -> VirtualLoop | None:
    # The runner is a fixture of pytest-asyncio's own, set up before this hook.
    runner = getattr(item, "funcargs", {}).get("_function_scoped_runner")
    loop = runner.get_loop() if runner else None
    return loop if isinstance(loop, VirtualLoop) else None


def _failure(lab: Lab, limit: Limit | None, error: BaseException | None) -> BaseException | None:
    """Return what outranks whatever the check saw: the code under test may have swallowed it, or never begun."""
    if limit and limit.fired:
        return limit.verdict()
    stubs = [call.error for call in lab.calls if call.error is not None and is_stub(call.error)]
    if stubs:
        return stubs[0]
    if isinstance(error, OUTCOMES) and answer_place(error) is not None:
        # To pytest these are no failures; some would end the session.
        return LeftTheCheck(type(error).__name__).with_traceback(error.__traceback__)
    return _blocked(lab) or _mistake(lab, error)


def _blocked(lab: Lab) -> CheckFailed | None:
    """Return what to tell about a loop that could not go on."""
    if lab.last_loop is not None and lab.last_loop.blocking:
        return blocking.verdict(lab.last_loop.blocking[0])
    if not lab.blocked_at:
        return None
    place = lab.blocked_at[0]
    values = {"place": str(place), "source": place.source() if place else ""}
    where = Message.of(":\n  {place}: {source}", values) if place else Message(".")
    return CheckFailed(
        Message.of(
            "The event loop was blocked: it could not answer while a function was running{where}", {"where": where}
        ),
        Message("Nothing that waits for a thread or a process may run on the loop's own thread. Await it instead."),
    )


def _mistake(lab: Lab, error: BaseException | None) -> BaseException | None:
    """Return the mistake a call ended by, where the check speaks only of what it missed because of that."""
    mistake = next((call.error for call in lab.calls if isinstance(call.error, _MISTAKES)), None)
    spoken_of = mistake is None or describe(mistake) in str(error)
    return mistake if isinstance(error, CheckFailed) and not spoken_of else None


def _stub(lab: Lab, loop: VirtualLoop | None) -> BaseException | None:
    """Return the NotImplementedError behind a failure, if some task or call ended by one."""
    return next((error for error in errors_met(lab, loop) if is_stub(error)), None)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the verdict into the learner's words: the same text here, in an editor and in the grader's report."""
    if call.excinfo is None or VERDICT in item.stash:
        return (yield)
    limit = item.stash.get(_LIMIT, None)
    error = call.excinfo.value
    if limit and isinstance(error, LimitFired):
        error = limit.verdict()
    verdict = judge(error, _lab_of(item), limited=bool(limit and limit.fired))
    item.stash[VERDICT] = verdict
    # pytest's own words show arguments, and an answer's `__repr__` may end the session.
    item.repr_failure = lambda *_, **__: str(verdict)  # type: ignore[method-assign]
    report = yield
    report.longrepr = str(verdict)
    return report
