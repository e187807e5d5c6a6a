import asyncio
import os


async def greet(name: str) -> str:
    return f"Hello, {name}"


async def wait(seconds: float) -> None:
    if seconds:
        os._exit(0)
