"""Every text of the pages is there in four languages: none is missing, empty, or has another gap to fill."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT

SOURCES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "web" / "src").rglob("*.ts*")))
FOLDER = ROOT / "web" / "src" / "i18n"
LANGUAGES = ("fr", "nl", "de", "en")
PAGES = sorted(path.stem for path in (FOLDER / "en").glob("*.json"))
PLURALS = {"en": {"one", "other"}, "nl": {"one", "other"}, "de": {"one", "other"}, "fr": {"one", "many", "other"}}
"""The plural categories of CLDR that `Intl.PluralRules` gives for whole numbers."""


def catalogue(language: str, page: str) -> dict[str, Any]:
    """The texts of one page in one language. Raises AssertionError for a key that is there twice."""
    pairs: list[str] = []

    def unique(found: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.extend(key for key, _ in found)
        return dict(found)

    path: Path = FOLDER / language / f"{page}.json"
    read: dict[str, Any] = json.loads(path.read_text("utf-8"), object_pairs_hook=unique)
    assert len(read) == len([key for key in pairs if key in read]), f"a key of {path.name} is there twice"
    return read


def forms(text: Any) -> list[str]:
    """The forms of a text: several if it has a plural."""
    return list(text.values()) if isinstance(text, dict) else [text]


def gaps(text: Any) -> set[str]:
    """The placeholders of a text."""
    return {name for form in forms(text) for name in re.findall(r"\{(\w+)\}", form)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_language_has_every_text_with_the_same_gaps(language: str, page: str) -> None:
    english, other = catalogue("en", page), catalogue(language, page)
    assert other.keys() == english.keys()
    assert {key: gaps(text) for key, text in other.items()} == {key: gaps(text) for key, text in english.items()}
    assert [key for key, text in other.items() if not all(form.strip() for form in forms(text))] == []
    plurals = {key: set(text) for key, text in other.items() if isinstance(text, dict)}
    assert {key: found for key, found in plurals.items() if found != PLURALS[language]} == {}


@pytest.mark.parametrize("page", [page for page in PAGES if page != "shared"])
def test_a_page_says_nothing_that_all_pages_say(page: str) -> None:
    assert catalogue("en", page).keys() & catalogue("en", "shared").keys() == set()


def test_no_text_is_left_that_nobody_shows() -> None:
    """A key is written out in the sources, or begins like one that is put together there, as `code.${code}`."""
    begun = tuple(re.findall(r"`([a-z_.]+[._])\$\{", SOURCES))
    keys = [key for page in PAGES for key in catalogue("en", page)]
    assert [key for key in keys if f'"{key}"' not in SOURCES and not key.startswith(begun)] == []
