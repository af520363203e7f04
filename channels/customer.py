"""Customers, as the log knows them: by a pseudonym. Their addresses and names lie beside it."""

from channels.keyed import keyed


def pseudonym(secret: bytes, address: str) -> str:
    """The customer behind a normalised address; empty for no address (a withheld number is nobody in particular)."""
    return f"cust_{keyed(secret, 'customer', address)}" if address else ""
