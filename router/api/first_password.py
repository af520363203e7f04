"""First passwords: made by us, said once by one person to another, good for choosing one's own and nothing else."""

import hashlib
from typing import Final

from router.gateway import Ids

_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aiou"
_WORDS: Final = 4
_WORD_BYTES: Final = 2


def first_password(ids: Ids) -> str:
    """64 random bits as four words that can be said over a phone, like `lusab-babad-gutih-tugad`.

    Consonants and vowels take turns, four bits and two at a time (a "proquint", arXiv:0901.4016).
    """
    bits = hashlib.blake2b(ids.new("password").encode(), digest_size=_WORDS * _WORD_BYTES).digest()
    return "-".join(_word(int.from_bytes(bits[at : at + _WORD_BYTES])) for at in range(0, len(bits), _WORD_BYTES))


def _word(bits: int) -> str:
    return "".join(
        (
            _CONSONANTS[bits >> 12],
            _VOWELS[bits >> 10 & 3],
            _CONSONANTS[bits >> 6 & 15],
            _VOWELS[bits >> 4 & 3],
            _CONSONANTS[bits & 15],
        )
    )
