"""Work that needs nothing of each other, over the cores."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

Result = TypeVar("Result")


def spread(
    work: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    *,
    processes: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> list[Result]:
    """The result of each task, in their order; they are begun in it too. `told` how many are done of how many."""
    workers = min(len(tasks), processes or os.cpu_count() or 1)
    found: dict[int, Result] = {}
    if workers <= 1:
        for at, task in enumerate(tasks):
            found[at] = work(*task)
            told(len(found), len(tasks))
    else:
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            futures = {pool.submit(work, *task): at for at, task in enumerate(tasks)}
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                told(len(found), len(tasks))
    return [found[at] for at in range(len(tasks))]
