"""What git keeps says nothing about the machine it was written on."""

import re

from tests.architecture.tree import tracked

LEAKS = {
    "a path of somebody's machine": re.compile(r"(?<![\w.$}<>-])/(?:wor[k]|far[m]|roo[t]|hom[e]/[a-z]\w*)/\w"),
    "the address of a package registry": re.compile(
        r"registr[y]\.npmjs|regist[r]y\.yarnpkg|files\.python[h]osted|pyp[i]\.org/simple"
    ),
    "a folder of packages": re.compile(r"--(?:extra-)?inde[x]-url|--find-link[s]"),
    "a key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KE[Y]-----|\bAKI[A][0-9A-Z]{16}\b|\bghp_[0-9A-Za-z]{36}\b"),
}


def test_nothing_of_a_machine_is_kept() -> None:
    found = [
        f"{path}:{number}: {what}"
        for path, text in tracked()
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in LEAKS.items()
        if pattern.search(line)
    ]
    assert found == []


EXACT = (".lock", "-lock.json", "vectors-public.json")
"""How files end whose size is not ours to choose."""


def test_no_file_is_larger_than_a_reader_opens() -> None:
    """Apart from locks (hashes of every platform) and exact results to compare with, which no reader opens."""
    large = [path for path, text in tracked() if len(text) > 200_000 and not path.endswith(EXACT)]
    assert large == []
