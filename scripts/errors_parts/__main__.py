"""``scripts/list-errors``: docs/errors.md, written or compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contract_faults import contract_faults
from fault_declarations import declared_faults
from fault_page import page_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "errors.md"


def main() -> int:
    """Write the page; with ``--check`` only say whether it is the one that would be written."""
    parser = argparse.ArgumentParser(prog="scripts/list-errors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when it is stale")
    asked = parser.parse_args()
    page = page_of([*declared_faults(ROOT), *contract_faults(ROOT)])
    if not asked.check:
        PAGE.write_text(page)
        return 0
    if PAGE.exists() and PAGE.read_text() == page:
        return 0
    print("docs/errors.md is stale: run scripts/list-errors", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
