"""``scripts/list-roles``: the table of roles in docs/roles.md, written or compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from role_columns import page_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "roles.md"


def main() -> int:
    """Write the table into the page; with ``--check`` only say whether it is the one that would be written."""
    parser = argparse.ArgumentParser(prog="scripts/list-roles", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when it is stale")
    asked = parser.parse_args()
    there = PAGE.read_text()
    page = page_of(there)
    if not asked.check:
        PAGE.write_text(page)
        return 0
    if there == page:
        return 0
    print("docs/roles.md is stale: run scripts/list-roles", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
