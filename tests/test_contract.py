"""openapi.yaml is a valid contract, says what other generators and readers need, and demands no more than an id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from contract import Operation, contract, json_replies, operations, reply_schemas, resolve

SCHEMAS: dict[str, Any] = contract()["components"]["schemas"]
by_id = pytest.mark.parametrize("operation", operations(), ids=[operation.id for operation in operations()])


def valid(value: Any, schema: Any) -> list[str]:
    """What is wrong with `value` by `schema`, whose references are into the contract."""
    whole = {"allOf": [schema], "components": contract()["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_it_is_valid() -> None:
    """The contract is OpenAPI 3.1."""
    assert contract()["openapi"].startswith("3.1.")
    assert [] == [error.message for error in OpenAPIV31SpecValidator(contract()).iter_errors()]


@by_id
def test_each_operation_introduces_itself(operation: Operation) -> None:
    """It has an id, one tag of the list of tags, a summary, and security of its own."""
    assert operation.spec["operationId"].isidentifier()
    assert operation.spec["tags"] == [operation.tag]
    assert operation.tag in {tag["name"] for tag in contract()["tags"]}
    assert operation.spec["summary"]
    assert operation.spec["security"] == [{"bearerAuth": []}]


def test_ids_are_unique_and_security_is_not_at_the_root() -> None:
    """Generators name modules by the ids; one of them passes over security at the root."""
    ids = [operation.id for operation in operations()]
    assert len(set(ids)) == len(ids)
    assert "security" not in contract()


@by_id
def test_each_operation_says_how_it_fails(operation: Operation) -> None:
    """Every operation tells of a bad key, a forbidden act, a full queue and a failure, in its own error shape."""
    shapes = {status: schema["$ref"].rpartition("/")[2] for status, schema in json_replies(operation) if status >= 400}
    assert {401, 403, 429, 500} <= shapes.keys()
    if "{id}" in operation.path:
        assert 404 in shapes
    if "requestBody" in operation.spec:
        assert 400 in shapes
    if operation.id == "start_upload":
        assert "FileExists" == shapes.pop(409)
    assert {"BatchError" if operation.tag == "batches" else "FileError"} == set(shapes.values())


def fields() -> Iterator[tuple[str, Any]]:
    """Every field of every schema."""
    for name, schema in SCHEMAS.items():
        for field, spec in schema.get("properties", {}).items():
            yield f"{name}.{field}", spec


@pytest.mark.parametrize(("name", "spec"), list(fields()), ids=[name for name, _ in fields()])
def test_each_field_has_a_meaning_and_a_valid_example(name: str, spec: Any) -> None:
    """Its own words and example, or those of the schema it is."""
    assert (spec if "description" in spec else resolve(spec))["description"]
    example = (spec if "example" in spec else resolve(spec))["example"]
    assert [] == valid(example, spec)


def examples() -> Iterator[tuple[Any, Any]]:
    """Every example of a whole body, with the schema of the body."""
    answers = [answer for operation in operations() for answer in operation.spec["responses"].values()]
    for answer in map(resolve, answers):
        for media in answer.get("content", {}).values():
            if "example" in media:
                yield media["example"], media["schema"]
            for example in media.get("examples", {}).values():
                yield resolve(example)["value"], media["schema"]


def test_the_examples_of_answers_are_valid() -> None:
    """What the contract shows as an answer is one by its own schema."""
    found = list(examples())
    assert len(found) > len(operations())
    assert [] == [problem for example, schema in found for problem in valid(example, schema)]


@pytest.mark.parametrize("name", sorted(reply_schemas()))
def test_a_reply_owes_nothing_but_its_id(name: str) -> None:
    """No object of a reply requires more, and none is closed to new fields."""
    assert {"id"} >= set(SCHEMAS[name].get("required", []))
    assert SCHEMAS[name].get("additionalProperties", True)


def test_ids_are_opaque_and_values_open() -> None:
    """No format narrows an id, and no const a value; what is sent to an open set is any text."""
    for name, spec in fields():
        assert "const" not in spec, name
        assert spec.get("format") in {None, "int64", "double", "date-time", "binary"}, name
    for name in ("StartUploadRequest", "UploadFileRequest", "InitiateMultipartRequest"):
        assert "string" == SCHEMAS[name]["properties"]["purpose"]["type"]


def test_every_known_status_is_listed() -> None:
    """Also the one that no published specification has."""
    known = {"VALIDATING", "IN_PROGRESS", "COMPLETED", "FAILED", "EXPIRED", "CANCELLED", "CANCELING"}
    assert known == set(SCHEMAS["BatchJobStatus"]["enum"])


def test_nothing_is_left_over() -> None:
    """Each schema, answer, parameter, header and example is used."""
    used: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                used.add(node["$ref"].removeprefix("#/components/"))
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for value in node:
                visit(value)

    visit(contract())
    components = contract()["components"]
    there = {f"{kind}/{name}" for kind in components.keys() - {"securitySchemes"} for name in components[kind]}
    assert set() == there - used
