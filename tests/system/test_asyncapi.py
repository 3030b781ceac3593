"""schema/asyncapi.json is the contract for machines: it agrees with the vocabulary, the schemas, the page
for subscribers, and with what a gateway publishes."""

import json
import re
import subprocess

import pytest
from rig import conf
from rig.asker import Asker
from rig.daemon import BUILD, ROOT
from rig.published import validator
from rig.waiting import until

CONTRACT = json.loads((ROOT / "schema/asyncapi.json").read_text())
CHANNELS, OPERATIONS, COMPONENTS = CONTRACT["channels"], CONTRACT["operations"], CONTRACT["components"]
PAGE = (ROOT / "doc/mqtt.md").read_text()
LEVEL = {"answer": r".+", "type": r"[a-z0-9-]+/[a-z0-9-]+"}  # of others: one level


@pytest.fixture(scope="module")
def vocabulary():
    run = subprocess.run([BUILD / "tests/tools/print_events", "vocabulary"], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def refs(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = node.values()
    if isinstance(node, (dict, list)) or not isinstance(node, (str, int, bool)):
        for one in node:
            yield from refs(one)


def test_every_reference_leads_somewhere():
    for ref in refs(CONTRACT):
        if ref.startswith("./"):
            assert (ROOT / "schema" / ref).is_file(), ref
            continue
        at = CONTRACT
        for step in ref.removeprefix("#/").split("/"):
            at = at[step]


def test_each_channel_names_its_parameters_and_each_operation_a_channel():
    for channel in CHANNELS.values():
        assert set(channel["parameters"]) == set(re.findall(r"\{(\w+)\}", channel["address"]))
    assert {op["channel"]["$ref"] for op in OPERATIONS.values()} == {f"#/channels/{name}" for name in CHANNELS}


def test_every_schema_of_a_payload_is_in_it():
    """But those of lists in files and of the control socket, which are no messages."""
    files = {path.name.split(".")[0] for path in (ROOT / "schema").glob("*.schema.json")}
    assert set(COMPONENTS["messages"]) == files - {"list", "control"}


def test_the_types_are_those_of_the_vocabulary(vocabulary):
    types = [one["type"].replace(".", "/") for one in vocabulary]
    bad = [one["type"].replace(".", "/") for one in vocabulary if one["settable"] or one["severity"] in ("critical", "major")]
    assert CHANNELS["event"]["parameters"]["type"]["enum"] == CHANNELS["replay"]["parameters"]["type"]["enum"] == types
    assert CHANNELS["alert"]["parameters"]["type"]["enum"] == bad


def test_the_methods_are_those_of_the_page():
    ((qos, line),) = re.findall(r"request/<method> +QoS (\d) +(.*); never retained", PAGE)
    assert OPERATIONS["takeRequest"]["bindings"]["mqtt"]["qos"] == int(qos)
    assert COMPONENTS["parameters"]["method"]["enum"] == line.split(", ")


def shape(address):
    """Of a topic, whatever its levels are called."""
    return re.sub(r"\{\w+\}|<[\w ]+>", "*", address)


def test_the_channels_are_the_topics_of_the_page():
    told = {shape(re.split(r" +(?:retained|QoS) ", line)[0]) for line in PAGE.splitlines() if line.startswith("<root>/")}
    ours = {shape(channel["address"]) for channel in CHANNELS.values()} - {"*/*/*/state/*"}  # a sensor of no lane
    assert len(told) == 13
    for one in told:
        assert one in ours or any(one.endswith("/…") and our.startswith(one[:-1]) for our in ours), one
    for one in ours:
        assert one in told or any(t.endswith("/…") and one.startswith(t[:-1]) for t in told), one


def test_quality_of_service_and_retention_are_those_of_the_page():
    rows = re.findall(r"^\| `(\w+)` \| (\d) \| (yes|never|no) \|", PAGE, re.MULTILINE)
    assert len(rows) == 8
    for branch, qos, retained in rows:
        found = [op["bindings"]["mqtt"] for op in OPERATIONS.values() if op["channel"]["$ref"] == f"#/channels/{branch}"]
        assert found and all((mqtt["qos"], mqtt["retain"]) == (int(qos), retained == "yes") for mqtt in found), branch


def channel_of(topic):
    for name, channel in CHANNELS.items():
        pattern = re.escape(channel["address"]).replace(r"\{", "{").replace(r"\}", "}").replace("{root}", "corridor/v1")
        found = re.fullmatch(re.sub(r"\{(\w+)\}", lambda p: f"(?P<{p[1]}>{LEVEL.get(p[1], '[^/]+')})", pattern), topic)
        if found and all(value in parameter_enum(channel, key, value) for key, value in found.groupdict().items()):
            return name
    return None


def parameter_enum(channel, key, value):
    parameter = channel["parameters"][key]
    if "$ref" in parameter:
        parameter = COMPONENTS["parameters"][key]
    return parameter.get("enum", [value])


def test_what_a_gateway_publishes_is_in_it(lane, broker, new_subscriber, new_daemon, closing):
    subscriber = new_subscriber(broker, qos=1)
    asker = closing(Asker(broker)).start()
    new_daemon(conf.head(broker.port, requests=True, metrics_every="1s") + conf.lane(lane.server.port)).start()
    until(lambda: subscriber.of("metrics") and subscriber.events(), "it is at work")
    assert asker.ask("status")["ok"]
    seen = set()
    for message in list(subscriber.messages):
        name = channel_of(message.topic)
        assert name, message.topic
        seen.add(name)
        mqtt = [op["bindings"]["mqtt"] for op in OPERATIONS.values() if op["channel"]["$ref"] == f"#/channels/{name}"][0]
        if not message.topic.split("/")[4] == "request":  # who asks chooses
            assert message.qos == mqtt["qos"], message.topic
        if message.payload:
            (kind,) = CHANNELS[name]["messages"]
            validator(kind).validate(json.loads(message.payload))
    assert seen >= {"status", "head", "event", "state", "metrics"}
