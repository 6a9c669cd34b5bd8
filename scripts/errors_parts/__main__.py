"""``scripts/list-errors``: docs/errors.md and docs/alarms.md, written or compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from alarm_page import alarm_page_of
from contract_faults import contract_faults
from fault_declarations import declared_faults
from fault_page import page_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def main() -> int:
    """Write the pages; with ``--check`` only say whether they are those that would be written."""
    parser = argparse.ArgumentParser(prog="scripts/list-errors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when it is stale")
    asked = parser.parse_args()
    faults = declared_faults(ROOT)
    pages = {
        DOCS / "errors.md": page_of([*faults, *contract_faults(ROOT)]),
        DOCS / "alarms.md": alarm_page_of(faults),
    }
    stale = [path for path, page in pages.items() if not path.exists() or path.read_text() != page]
    if not asked.check:
        for path in stale:
            path.write_text(pages[path])
        return 0
    for path in stale:
        print(f"docs/{path.name} is stale: run scripts/list-errors", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
