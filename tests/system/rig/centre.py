"""The centre, which keeps the registry at the broker: a retained message for each record."""

import json

from .mqtt import new_client


def record(number):
    """(topic, payload) of a consignment, 500 bytes or so."""
    ucr = f"6GE204567891-INV{number:05d}"
    found = {
        "ucr": ucr, "flow": "transit", "containers": ["CSQU3054383"],
        "seals": [{"number": f"GE-{number:06d}"}], "x_note": "n" * 350,
    }  # fmt: skip
    return f"corridor/v1/ge-red-bridge/registry/consignment/{ucr}", json.dumps(found)


def publish(broker, messages):
    """All of them are at the broker when this returns."""
    client = new_client("centre")
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for topic, payload in messages:
        last = client.publish(topic, payload, 1, True)
    last.wait_for_publish()
    client.disconnect()
    client.loop_stop()
