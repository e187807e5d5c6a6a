async def greet(name: str) -> str:
    raise NotImplementedError


async def wait(seconds: float) -> None:
    raise NotImplementedError
