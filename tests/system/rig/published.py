"""What is published, held against schema/. The first messages of each type are enough."""

import json
from collections import Counter
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[3]
ENOUGH = 25

checked = Counter()
validators = {}


def validator(name):
    if name not in validators:
        schema = json.loads((ROOT / f"schema/{name}.schema.json").read_text())
        validators[name] = jsonschema.Draft202012Validator(schema)
    return validators[name]


def check(data):
    """An event or a retained state."""
    kind = data.get("type", "state")
    if checked[kind] < ENOUGH:
        checked[kind] += 1
        validator("event" if "type" in data else "state").validate(data)
