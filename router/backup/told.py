"""How whoever waits for a backup is told how far it is."""

from collections.abc import Callable
from typing import TypeAlias

Told: TypeAlias = Callable[[int, int], None]
"""Is told how many (bytes, rows, events) of how many are done."""

Steps: TypeAlias = Callable[[str], Told]
"""Is told what is done now, and gives whom to tell how far it is."""
