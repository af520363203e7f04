"""What the doctor says of one thing that was looked at."""

from typing import Literal, TypeAlias

import msgspec

Verdict: TypeAlias = Literal["good", "warning", "bad"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`what` says how it is, `mend` what to do. Programs may rely on `check` and `verdict`."""

    check: str
    verdict: Verdict
    what: str
    mend: str = ""
