"""Which tasks share a lock, which has it alone, and in what order."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from pli.shared_lock import SharedLock


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.booleans()), max_size=12))
def test_an_exclusive_holder_is_alone_and_a_cancelled_waiter_blocks_nobody(
    visits: list[tuple[bool, int, bool]],
) -> None:
    asyncio.run(visit(visits))


async def visit(visits: list[tuple[bool, int, bool]]) -> None:
    lock = SharedLock()
    inside: list[bool] = []
    came: list[int] = []

    async def go(number: int, alone: bool, stay: int) -> None:
        async with lock.alone() if alone else lock.shared():
            came.append(number)
            inside.append(alone)
            try:
                assert len(inside) == 1 or not any(inside)
                for _ in range(stay):
                    await asyncio.sleep(0)
            finally:
                inside.remove(alone)

    tasks = [asyncio.create_task(go(n, alone, stay)) for n, (alone, stay, _) in enumerate(visits)]
    await asyncio.sleep(0)
    for task, (_, _, called_off) in zip(tasks, visits, strict=True):
        if called_off:
            task.cancel()
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert not [it for it in done if isinstance(it, AssertionError)]
    assert came == sorted(came)
    async with lock.alone():
        pass


async def test_a_task_that_waits_for_the_exclusive_lock_is_not_overtaken() -> None:
    lock = SharedLock()
    came: list[str] = []

    async def share(name: str) -> None:
        async with lock.shared():
            came.append(name)

    async def be_alone() -> None:
        async with lock.alone():
            came.append("alone")

    async with lock.shared():
        waiting = asyncio.create_task(be_alone())
        await asyncio.sleep(0)
        late = asyncio.create_task(share("late"))
        await asyncio.sleep(0)
        assert came == []
    await asyncio.gather(waiting, late)
    assert came == ["alone", "late"]
