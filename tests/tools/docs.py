"""`make docs`: write the pages of docs/ that the code knows best. A test fails where one is stale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.tools import metrics_page, mqtt_page, settings_page

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/configuration.md": settings_page.page,
    "docs/metrics.md": metrics_page.page,
    "docs/mqtt.md": mqtt_page.page,
}
"""Each page and what writes it."""


def main() -> None:
    """Write them all."""
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
