"""as_completed over settler tasks that return (index, outcome); only the children proper are ever cancelled."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def _settle(
    index: int, future: "asyncio.Future[T]"
) -> tuple[int, tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    try:
        return index, ("ok", await future)
    except BaseException as exc:
        return index, ("err", exc)


async def _settled_until(
    aws: Iterable[Awaitable[T]],
    enough: Callable[[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]], bool],
) -> dict[int, tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    settlers = [asyncio.create_task(_settle(i, future)) for i, future in enumerate(futures)]
    found: dict[int, tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = {}
    try:
        for nearest in asyncio.as_completed(settlers):
            # Settlers neither fail nor get cancelled: a CancelledError here is our own.
            index, outcome = await nearest
            found[index] = outcome
            if enough(outcome):
                break
    finally:
        for future in futures:
            future.cancel()
        interruption: asyncio.CancelledError | None = None
        while not all(settler.done() for settler in settlers):
            try:
                await asyncio.wait(settlers)
            except asyncio.CancelledError as exc:
                interruption = exc
        if interruption is not None:
            raise interruption
    return found


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    found = await _settled_until(aws, lambda outcome: False)
    return [found[index] for index in sorted(found)]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    found = await _settled_until(aws, lambda outcome: outcome[0] == "ok")
    failures: list[BaseException] = []
    for index in sorted(found):
        outcome = found[index]
        if outcome[0] == "ok":
            return outcome[1]
        failures.append(outcome[1])
    if not failures:
        raise ValueError("no awaitables were given")
    raise BaseExceptionGroup("all awaitables failed", failures)
