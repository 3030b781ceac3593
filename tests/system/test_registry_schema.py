"""The registry's formats: schemas and daemon agree on the samples, and the page for those who write
records names every member."""

import json
import re

import pytest
from rig.published import ROOT, validator

KINDS = ["consignment", "aeo", "mra", "group"]
PAGE = (ROOT / "doc/registry.md").read_text()


def samples(kind, quality):
    """Pairs of the comment above, and the record."""
    comment = ""
    for line in (ROOT / f"tests/registry/{kind}.{quality}.jsonl").read_text().splitlines():
        if line.startswith("#"):
            comment = line
        else:
            yield comment, json.loads(line)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_takes_every_good_sample(kind):
    for _, record in samples(kind, "good"):
        validator(kind).validate(record)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_refuses_every_bad_sample_that_it_can_see(kind):
    taken = [
        (comment, record)
        for comment, record in samples(kind, "bad")
        if validator(kind).is_valid(record) != comment.startswith("#!")
    ]
    assert not taken


@pytest.mark.parametrize("path", sorted((ROOT / "etc/registry").glob("*.jsonl")), ids=lambda p: p.name)
def test_the_shipped_lists_are_valid(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    head = json.loads(lines[0])
    validator("list").validate(head)
    assert head["list"]["records"] == len(lines) - 1
    for line in lines[1:]:
        validator(head["list"]["kind"]).validate(json.loads(line))


def members(schema):
    """Of the record and of all objects in it."""
    if isinstance(schema, dict):
        yield from schema["properties"] if schema.get("additionalProperties") is False else []
        for part in schema.values():
            yield from members(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from members(part)


@pytest.mark.parametrize("kind", KINDS + ["list"])
def test_the_page_explains_every_member_and_every_word(kind):
    schema = validator(kind).schema
    words = re.findall(r'"enum": (\[[^]]*\])', json.dumps(schema))
    named = set(members(schema)) | {word for enum in words for word in json.loads(enum)}
    assert not {name for name in named if f"`{name}`" not in PAGE}


def test_the_examples_on_the_page_are_valid():
    examples = re.findall(r"```json (\w+)\n(.*?)```", PAGE, re.DOTALL)
    assert {kind for kind, _ in examples} == set(KINDS) | {"list"}
    for kind, text in examples:
        validator(kind).validate(json.loads(text))
