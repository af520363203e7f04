"""Work that needs nothing of each other, over the cores."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

from router import compiled

Result = TypeVar("Result")


def spread(
    work: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    *,
    processes: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
    keep: Callable[[int, Result], None] = lambda at, result: None,
) -> list[Result]:
    """The result of each task, in their order; they are begun in it too. `told` how many are done of how many; `keep`
    is given each result, with the place of its task, as soon as it is there."""
    workers = min(len(tasks), processes or os.cpu_count() or 1)
    found: dict[int, Result] = {}
    if workers <= 1:
        for at, task in enumerate(tasks):
            found[at] = work(*task)
            keep(at, found[at])
            told(len(found), len(tasks))
    else:
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), compiled.use) as pool:
            futures = {pool.submit(work, *task): at for at, task in enumerate(tasks)}
            for future in as_completed(futures):
                at = futures[future]
                found[at] = future.result()
                keep(at, found[at])
                told(len(found), len(tasks))
    return [found[at] for at in range(len(tasks))]
