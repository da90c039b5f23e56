"""Pages that are written from the code say what the code says."""

from __future__ import annotations

import pytest

from tests.tools.docs import PAGES, ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_written_page_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"
