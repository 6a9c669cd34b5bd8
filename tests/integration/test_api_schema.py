"""The API answers as its own description says, under generated requests."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support_api import Site, build

pytestmark = pytest.mark.integration

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build(tmp_path_factory.mktemp("schema"), days=3)


def test_answers_are_as_described(site: Site) -> None:
    described = schemathesis.openapi.from_asgi("/openapi.json", site.app)
    tried = 0
    for result in described.get_all_operations():
        operation = result.ok()
        if operation.path == "/v1/stream":  # it does not end
            continue

        @given(case=operation.as_strategy())
        @settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def answers(case: Any) -> None:
            case.call_and_validate(headers=site.headers("admin"), checks=CHECKS)

        answers()
        tried += 1
    assert tried > 30


def test_every_operation_has_a_summary_and_described_errors(site: Site) -> None:
    for path, methods in site.app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            if path.startswith("/v1/"):
                assert {"401", "404", "422"} <= operation["responses"].keys(), (method, path)
                assert operation["security"], (method, path)
            if method == "post" and operation["responses"].get("202") and "unsigned" not in path:
                names = {p["name"] for p in operation.get("parameters", ())}
                assert "Idempotency-Key" in names or path == "/v1/transactions", path


def test_every_field_and_parameter_has_an_example_that_fits(site: Site) -> None:
    description = site.app.openapi()
    described = [
        (f"{name}.{field}", schema)
        for name, parent in description["components"]["schemas"].items()
        for field, schema in parent.get("properties", {}).items()
        if name not in ("HTTPValidationError", "ValidationError")
    ]
    described += [
        (f"{method} {path} {parameter['name']}", parameter["schema"])
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        for parameter in operation.get("parameters", ())
    ]
    told = 0
    for name, schema in described:
        plain = {"type", "anyOf"} & schema.keys() and not {"enum", "const"} & schema.keys()
        if plain and schema.get("type") not in ("array", "object", "boolean"):
            assert schema.get("examples"), name
        for example in schema.get("examples", ()):
            whole = {**schema, "components": description["components"]}
            jsonschema_rs.Draft202012Validator(whole).validate(example)
            told += 1
    assert told > 100
