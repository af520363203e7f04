"""docs/reference is what the code says: `make reference` would leave no difference."""

import pytest

from router.core.rejections import CODES
from tests.architecture.tree import ROOT, files
from tests.tools import reference

PAGES = reference.pages()
TESTS = "\n".join((ROOT / path).read_text("utf-8") for path in files("tests"))
STORIES = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.story"))


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text("utf-8") == PAGES[name], "run `make reference`"


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_a_rejection_is_documented_and_raised_by_a_test(code: str) -> None:
    assert f"`{code}`" in PAGES["rejections.md"]
    assert f'"{code}"' in TESTS or code in STORIES, f"no test sees `{code}`: is it ever raised?"
