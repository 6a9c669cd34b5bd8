"""What every test may ask for: the shared data folder, and the support modules on the path."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data and published vectors; the test is skipped where it is absent."""
    folder = Path(os.environ.get("COUNTERFOIL_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set COUNTERFOIL_SHARED to its parent")
    return folder
