"""What is published, held against schema/. The demo does without: jsonschema may be missing."""

import json
from collections import Counter
from functools import lru_cache

import jsonschema

from .daemon import ROOT

ENOUGH = 5  # of each type, in each test


@lru_cache
def validator(name):
    schema = json.loads((ROOT / f"schema/{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_events(events):
    seen = Counter()
    for event in events:
        seen[event["type"]] += 1
        if seen[event["type"]] <= ENOUGH:
            validator("event").validate(event.data)


def check_latest(name, messages):
    """The first and the last of each topic; an empty one removes what was retained."""
    for topic in {message.topic for message in messages}:
        found = [message.payload for message in messages if message.topic == topic and message.payload]
        for payload in found[:ENOUGH] + found[-ENOUGH:]:
            validator(name).validate(json.loads(payload))


def check_states(messages):
    check_latest("state", messages)
