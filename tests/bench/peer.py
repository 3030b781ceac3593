"""The usual gateway script: polls every unit with pymodbus, publishes changes with paho.

    peer.py MODBUS_PORT UNITS REGISTERS POLL_MS MQTT_PORT TOPIC

No journal, no chain, no order across a restart: what one writes in an afternoon.
"""

import json
import sys
import time

import paho.mqtt.client as mqtt
from pymodbus.client import ModbusTcpClient


def main(modbus_port, units, registers, poll_ms, mqtt_port, topic):
    units, registers, poll_s = int(units), int(registers), int(poll_ms) / 1000
    version2 = getattr(mqtt, "CallbackAPIVersion", None)  # of paho
    broker = mqtt.Client(*[version2.VERSION2] if version2 else [], "peer", protocol=mqtt.MQTTv5)
    broker.max_inflight_messages_set(64)
    broker.connect("127.0.0.1", int(mqtt_port))
    broker.loop_start()
    modbus = ModbusTcpClient("127.0.0.1", port=int(modbus_port))
    modbus.connect()
    last = {}
    due = time.monotonic()
    while True:
        for unit in range(1, units + 1):
            answer = modbus.read_holding_registers(0, count=registers, slave=unit)
            now_ns = time.monotonic_ns()
            for register, value in enumerate(answer.registers):
                if last.get((unit, register)) == value:
                    continue
                last[unit, register] = value
                payload = {"unit": unit, "register": register, "value": value, "at_ns": now_ns}
                broker.publish(f"{topic}/{unit}/{register}", json.dumps(payload), qos=1)
        due += poll_s
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(*sys.argv[1:])
