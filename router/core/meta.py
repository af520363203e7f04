"""The counters of a domain: the only record that is about no single thing."""

import msgspec


class Meta(msgspec.Struct, kw_only=True):
    """`seq` orders entries into queues and idle lines, `reservation` numbers reservations, `revision` the
    edits of the centre, `reference` the conversations."""

    seq: int = 0
    reservation: int = 0
    revision: int = 0
    reference: int = 0
