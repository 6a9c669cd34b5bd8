"""The pages say what is there: every link leads somewhere, and every page that the code names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PAGE = re.compile(r"docs/[\w/.-]+\.md")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
"""A path in backticks: `path/like/this.py`, or a folder with its slash or without."""


def tracked(*patterns: str) -> list[Path]:
    found = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in found.stdout.split("\0") if name]


def test_every_link_leads_somewhere() -> None:
    pages = tracked("*.md")
    assert len(pages) > 20
    dead = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in LINK.findall(page.read_text())
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert dead == []


def test_every_page_that_the_code_names_exists() -> None:
    sources = tracked("*.py", "*.sol", "*.go", "*.md", "*.cddl", "scripts/*", "pyproject.toml")
    named = {
        (name, str(source.relative_to(ROOT)))
        for source in sources
        if source.is_file()
        for name in PAGE.findall(source.read_text(errors="ignore"))
    }
    assert len(named) > 20
    assert [one for one in sorted(named) if not (ROOT / one[0]).exists()] == []


def test_every_file_and_folder_that_a_page_names_exists() -> None:
    roots = {path.relative_to(ROOT).parts[0] for path in tracked("*") if path.parent != ROOT}
    assert {"api", "docs", "src", "tests"} <= roots
    named = {
        (name, page)
        for page in tracked("README.md", "docs/*.md")
        for name in NAMED.findall(page.read_text())
        if name.partition("/")[0] in roots or name.endswith((".py", ".sol", ".md"))
    }
    assert len(named) > 40
    dead = [
        f"{page.relative_to(ROOT)}: {name}"
        for name, page in sorted(named)
        if not (ROOT / name).exists() and not (page.parent / name).exists()
    ]
    assert dead == []
