"""The pages' packages are locked for every platform, with hashes, at the versions that package.json names."""

import json
from typing import Any

from tests.architecture.tree import ROOT

WANTED: dict[str, Any] = json.loads((ROOT / "web" / "package.json").read_text("utf-8"))
LOCKED: dict[str, Any] = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))["packages"]
FOREIGN = {path: entry for path, entry in LOCKED.items() if path}


def test_package_json_names_exact_versions_and_the_lock_has_them() -> None:
    wanted = {**WANTED["dependencies"], **WANTED["devDependencies"]}
    assert {name: LOCKED[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_the_lock_holds_what_other_platforms_need() -> None:
    """A registry that lacks a platform's package leaves it out of the lock, and `npm ci` then refuses everywhere."""
    missing = [
        (path, name)
        for path, entry in FOREIGN.items()
        for name in entry.get("optionalDependencies", {})
        if f"node_modules/{name}" not in LOCKED
    ]
    assert missing == []


def test_every_package_has_a_hash_and_no_address_of_its_own() -> None:
    assert [path for path, entry in FOREIGN.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert [path for path, entry in FOREIGN.items() if "resolved" in entry] == []
