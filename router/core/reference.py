"""References: the short number by which people call a conversation, on the phone and in a subject.

Seven digits and two check digits in groups of three, like `618-033-949`. The check is ISO 7064 MOD 97-10 (as in an
IBAN): one wrong digit, or two swapped, is always noticed, and of any nine digits only one in 97 passes.
"""

import re
from functools import lru_cache
from typing import Final

_DIGITS: Final = 7
_BLOCK: Final = 10**_DIGITS
_STEP: Final = 6_180_339  # has no factor with 10: each number of a block leads to another one, far from the last
_MODULUS: Final = 97
_SEPARATORS = re.compile(r"[\s.\-/]")
_QUOTED = re.compile(r"(?<![\d-])\d{3}[\s.\-]\d{3}[\s.\-]\d{3,6}(?![\d-])")


@lru_cache(maxsize=8)
def reference(number: int) -> str:
    """The reference of the `number`th conversation (from 1): no two share one. Past ten million they grow longer."""
    block, place = divmod(number, _BLOCK)
    digits = block * _BLOCK + place * _STEP % _BLOCK
    return _grouped(str(digits * 100 + 98 - digits * 100 % _MODULUS).zfill(_DIGITS + 2))


def canonical(text: str) -> str:
    """A reference as somebody wrote it (spaces, dots, dashes) in its one form; '' when it is none."""
    digits = _SEPARATORS.sub("", text)
    if not digits.isascii() or not digits.isdecimal() or len(digits) < _DIGITS + 2 or len(digits) > _DIGITS + 8:
        return ""
    return _grouped(digits) if int(digits) % _MODULUS == 1 else ""


def quoted(text: str) -> str:
    """The first reference that stands in a text, written in groups; '' when there is none."""
    found = (canonical(match.group()) for match in _QUOTED.finditer(text))
    return next((one for one in found if one), "")


def _grouped(digits: str) -> str:
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
