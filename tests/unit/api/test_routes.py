"""A path of the OpenAPI document leads, by searching for it, to the line that makes it."""

from __future__ import annotations

from pathlib import Path

from counterfoil import api
from counterfoil.api.nouns import OPERATIONS
from counterfoil.api.operation_routes import UNSIGNED
from counterfoil.api.run import create_app
from counterfoil.api.settings import ApiSettings

SOURCES = sorted(Path(api.__file__).parent.rglob("*.py"))


def paths(folder: Path) -> list[str]:
    """Every path that the API's description names."""
    settings = ApiSettings(
        gateway_url=f"sqlite:///{folder}/gateway.db", oracle_url=f"sqlite:///{folder}/oracle.db"
    )
    return list(create_app(settings).openapi()["paths"])


def test_every_path_stands_whole_in_a_source_file_of_the_api(tmp_path: Path) -> None:
    text = "\n".join(path.read_text() for path in SOURCES)
    described = paths(tmp_path)
    twins = {one.path + UNSIGNED for one in OPERATIONS.values()}
    assert twins <= set(described)
    searched = [path.removesuffix(UNSIGNED) if path in twins else path for path in described]
    assert [path for path in searched if f'"{path}"' not in text] == []
    assert len(described) > 150
