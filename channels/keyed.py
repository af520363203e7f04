"""Keyed hashes: pseudonyms for customers, and ids that the same arrival always gets again.

An id made here needs no chance: it follows from what arrived, so that an event delivered twice proposes the same
item, and nobody without the secret can compute it or tell whom a pseudonym stands for.
"""

import hmac

import msgspec

HASH_BYTES = 16  # 128 bits: neither guessed nor met by accident


def keyed(secret: bytes, *parts: str) -> str:
    """A hash of the parts (32 hex digits) that only holders of the secret can make."""
    return hmac.digest(secret, msgspec.json.encode(parts), "sha256")[:HASH_BYTES].hex()
