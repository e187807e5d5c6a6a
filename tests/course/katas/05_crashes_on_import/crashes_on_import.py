import no_such_module

import asyncio


async def greet(name: str) -> str:
    return f"Hello, {name}"


async def wait(seconds: float) -> None:
    await asyncio.sleep(seconds)
