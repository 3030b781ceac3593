"""The schemas as a strict validator wants them (ajv's strict mode): what is required is declared beside
it, and a keyword says of which type it speaks. With AJV, a folder with node_modules/ajv and
node_modules/ajv-formats, ajv itself compiles them."""

import json
import os
import subprocess

import pytest
from rig.daemon import ROOT

SCHEMAS = sorted((ROOT / "schema").glob("*.schema.json"))
MAPS = {"properties", "$defs", "patternProperties", "dependentSchemas"}
OF_TEXT = {"maxLength", "minLength", "pattern", "format"}
COMPILE = """
const ajv = new (require("ajv/dist/2020"))({strict: true, allowUnionTypes: true});
require("ajv-formats")(ajv);
ajv.compile(JSON.parse(require("fs").readFileSync(process.argv[1])));
"""


def schemas_in(part, is_map=False):
    """Every schema within, itself first."""
    if isinstance(part, list):
        for inner in part:
            yield from schemas_in(inner)
    elif isinstance(part, dict):
        if not is_map:
            yield part
        for name, inner in part.items():
            yield from schemas_in(inner, not is_map and name in MAPS)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_what_is_required_is_declared_and_keywords_have_a_type(path):
    for schema in schemas_in(json.loads(path.read_text())):
        assert set(schema.get("required", ())) <= set(schema.get("properties", {})), schema
        assert "type" in schema or not OF_TEXT & set(schema), schema


if "AJV" in os.environ:

    @pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
    def test_ajv_compiles_it_in_strict_mode(path):
        env = dict(os.environ, NODE_PATH=os.path.join(os.environ["AJV"], "node_modules"))
        subprocess.run(["node", "-e", COMPILE, path], check=True, env=env)
