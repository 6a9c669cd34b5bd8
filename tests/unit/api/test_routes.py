"""A path of the OpenAPI document leads, by searching for it, to the line that makes it."""

from __future__ import annotations

from pathlib import Path

from counterfoil import api
from counterfoil.api.nouns import OPERATIONS
from counterfoil.api.operation_routes import UNSIGNED
from counterfoil.api.run import create_app
from counterfoil.api.settings import ApiSettings

SOURCES = sorted(Path(api.__file__).parent.rglob("*.py"))


def described(folder: Path) -> dict[str, int]:
    """Every path that the API's description names, and how many methods it has."""
    settings = ApiSettings(
        gateway_url=f"sqlite:///{folder}/gateway.db", oracle_url=f"sqlite:///{folder}/oracle.db"
    )
    paths = create_app(settings).openapi()["paths"]
    return {path: len(methods) for path, methods in paths.items()}


def test_every_path_stands_whole_in_a_source_file_of_the_api(tmp_path: Path) -> None:
    text = "\n".join(path.read_text() for path in SOURCES)
    paths = described(tmp_path)
    assert len(paths) > 150
    twins = {one.path + UNSIGNED for one in OPERATIONS.values()}
    assert twins <= paths.keys()
    lost = [
        path
        for path, methods in paths.items()
        if path not in twins and text.count(f'"{path}"') < methods
    ]
    assert lost == []
    assert {one.path for one in OPERATIONS.values()} <= paths.keys()
