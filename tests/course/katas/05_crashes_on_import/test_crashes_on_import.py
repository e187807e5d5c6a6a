import pytest
from asyncio_katas.lab import Lab, Mark, expect

import crashes_on_import as kata

pytestmark = pytest.mark.timeout(3)


@pytest.mark.task(1)
async def test_greet(lab: Lab) -> None:
    """greet: says hello."""
    call = await lab.call(kata.greet, "Ada")
    call.expect_value("Hello, Ada")


@pytest.mark.task(2)
async def test_wait(lab: Lab) -> None:
    """wait: takes as long as it was told."""
    call = await lab.call(kata.wait, 3)
    call.raise_crash()
    expect(call.ended == 3, "It ended at t={ended} instead of 3.", mark=Mark(3, "the end"), ended=call.ended)


@pytest.mark.task(2)
async def test_wait_no_time(lab: Lab) -> None:
    """wait: no time is fine too."""
    call = await lab.call(kata.wait, 0)
    call.expect_value(None)
