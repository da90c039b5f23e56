"""`make docs-site`: build the documentation as a site, of the pages as they stand; 1 where a link leads nowhere.

The pages and what they point at are copied in the repository's own layout, so that their links hold in both places.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SITE: Final = ROOT / "var" / "site"
MKDOCS: Final = ROOT / ".venv-docs" / "bin" / "mkdocs"
_FOREIGN: Final = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']?(https?:)?//[^>]*>")


def pages() -> list[Path]:
    """Return every page that a reader may come to."""
    return [*sorted(ROOT.glob("*.md")), ROOT / "docker" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def targets(page: Path) -> Iterator[Path]:
    """Return the files of the repository that a page points at, pictures included."""
    for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        target = (page.parent / link).resolve()
        if "://" not in link and target.is_file() and target.is_relative_to(ROOT):
            yield target


def stage(folder: Path) -> None:
    """Copy the pages, and what they point at."""
    shutil.rmtree(folder, ignore_errors=True)
    for file in {*pages(), *(target for page in pages() for target in targets(page))}:
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def foreign(site: Path) -> list[str]:
    """Return what the built pages would fetch from other hosts."""
    found = (tag.group() for page in site.rglob("*.html") for tag in _FOREIGN.finditer(page.read_text("utf-8")))
    return sorted({tag for tag in found if 'rel="canonical"' not in tag})


def main() -> int:
    """Build."""
    stage(SITE / "pages")
    command = [str(MKDOCS), "build", "--strict", "-f", str(ROOT / "mkdocs.yml")]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # its advertisement of a successor
    built = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if built.returncode:  # `--quiet` would hide the warnings, and let them pass
        sys.stderr.write(built.stdout + built.stderr)
        return built.returncode
    for tag in (fetched := foreign(SITE / "html")):
        sys.stderr.write(f"fetched from another host: {tag}\n")
    sys.stdout.write(f"{SITE / 'html' / 'index.html'}\n")
    return 1 if fetched else 0


if __name__ == "__main__":
    sys.exit(main())
