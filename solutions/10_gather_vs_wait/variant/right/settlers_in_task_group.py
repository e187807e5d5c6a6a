"""A task group of settlers that never fail runs in a task that nobody cancels; the caller waits beside it."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class _Crew(Generic[T]):
    def __init__(self, aws: Iterable[Awaitable[T]], race: bool) -> None:
        self.values: dict[int, T] = {}
        self.errors: dict[int, BaseException] = {}
        self.order: list[int] = []
        self._race = race
        self._children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
        self._dismissed = False

    def __len__(self) -> int:
        return len(self._children)

    def dismiss(self) -> None:
        if not self._dismissed:
            self._dismissed = True
            for child in self._children:
                child.cancel()

    async def _settle(self, index: int) -> None:
        try:
            self.values[index] = await self._children[index]
        except BaseException as exc:
            self.errors[index] = exc
            return
        self.order.append(index)
        if self._race:
            self.dismiss()

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for index in range(len(self)):
                group.create_task(self._settle(index))

    async def finish(self) -> None:
        work = asyncio.create_task(self._all())
        first: asyncio.CancelledError | None = None
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError as exc:
                self._race = False
                if first is None:
                    first = exc
                else:
                    self.dismiss()
        work.result()
        if first is not None:
            raise first


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    crew = _Crew(aws, race=False)
    await crew.finish()
    return [("ok", crew.values[i]) if i in crew.values else ("err", crew.errors[i]) for i in range(len(crew))]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    crew = _Crew(aws, race=True)
    await crew.finish()
    if crew.order:
        return crew.values[crew.order[0]]
    failed = [crew.errors[i] for i in sorted(crew.errors) if not isinstance(crew.errors[i], asyncio.CancelledError)]
    if not failed:
        raise ValueError("there is nobody to wait for")
    raise BaseExceptionGroup("no success", failed)
