"""E-mail addresses as intake compares them. Pure."""

import re

_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\\x00-\x1f\x7f]{1,64}@[\w.-]{1,255}")


def is_address(text: str) -> bool:
    """Whether mail can be sent there, as far as its form goes: no quoted local parts, no literal hosts."""
    return _ADDRESS.fullmatch(text) is not None


def canonical(address: str) -> str:
    """How two spellings of an address are compared: case does not count (no provider in use lets it)."""
    return address.strip().lower()


def door(address: str) -> str:
    """The address of the entry point: canonical, without the `+token` that a sender may have been given."""
    local, at, domain = canonical(address).rpartition("@")
    return local.partition("+")[0] + at + domain


def domain_of(address: str) -> str:
    """The part behind the @."""
    return canonical(address).rpartition("@")[2]
