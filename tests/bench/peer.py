"""The usual gateway script: polls every unit with pymodbus, publishes changes with paho.

    peer.py MODBUS_PORT UNITS REGISTERS POLL_MS MQTT_PORT TOPIC [DATABASE]

With a database each round's changes are committed before they are published, and removed when
they were acknowledged; without, they wait in memory. No chain: what one writes in an afternoon.
"""

import collections
import json
import sqlite3
import sys
import time

import paho.mqtt.client as mqtt
from pymodbus.client import ModbusTcpClient


class Memory:
    def __init__(self, publish):
        self.publish = publish

    def put(self, messages):
        for topic, payload in messages:
            self.publish(topic, payload)

    def acknowledged(self, mid):
        pass


class Database:
    """SQLite with its own defaults: every commit is synced."""

    def __init__(self, publish, path):
        self.publish = publish
        self.db = sqlite3.connect(path)
        self.db.execute("create table q (id integer primary key, topic text, payload text)")
        self.rows, self.acks = {}, collections.deque()

    def put(self, messages):
        done = [(self.rows.pop(self.acks.popleft()),) for _ in range(len(self.acks))]
        if not messages and not done:
            return
        insert = "insert into q (topic, payload) values (?, ?)"
        ids = [self.db.execute(insert, message).lastrowid for message in messages]
        self.db.executemany("delete from q where id = ?", done)
        self.db.commit()
        for row, (topic, payload) in zip(ids, messages):
            self.rows[self.publish(topic, payload).mid] = row

    def acknowledged(self, mid):  # by paho's thread
        self.acks.append(mid)


def main(modbus_port, units, registers, poll_ms, mqtt_port, topic, database=None):
    units, registers, poll_s = int(units), int(registers), int(poll_ms) / 1000
    version2 = getattr(mqtt, "CallbackAPIVersion", None)  # of paho
    broker = mqtt.Client(*[version2.VERSION2] if version2 else [], "peer", protocol=mqtt.MQTTv5)
    broker.max_inflight_messages_set(64)

    def publish(topic, payload):
        return broker.publish(topic, payload, qos=1)

    queue = Database(publish, database) if database else Memory(publish)
    broker.on_publish = lambda _client, _data, mid, *_more: queue.acknowledged(mid)
    broker.connect("127.0.0.1", int(mqtt_port))
    broker.loop_start()
    modbus = ModbusTcpClient("127.0.0.1", port=int(modbus_port))
    modbus.connect()
    last = {}
    due = time.monotonic()
    while True:
        changes = []
        for unit in range(1, units + 1):
            answer = modbus.read_holding_registers(0, count=registers, slave=unit)
            now_ns = time.monotonic_ns()
            for register, value in enumerate(answer.registers):
                if last.get((unit, register)) == value:
                    continue
                last[unit, register] = value
                payload = {"unit": unit, "register": register, "value": value, "at_ns": now_ns}
                changes.append((f"{topic}/{unit}/{register}", json.dumps(payload)))
        queue.put(changes)
        due += poll_s
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(*sys.argv[1:])
