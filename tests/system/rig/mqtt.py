"""paho's client, by either version: 1.6 on Debian 12, 2.1 on Debian 13."""

from paho.mqtt import client as paho

MQTT_5, MQTT_3_1_1 = paho.MQTTv5, paho.MQTTv311

# Version 2 wants to be told which kind of callbacks it calls. Ours take either kind.
CALLBACKS = [paho.CallbackAPIVersion.VERSION2] if hasattr(paho, "CallbackAPIVersion") else []


def new_client(name="", protocol=MQTT_5):
    return paho.Client(*CALLBACKS, client_id=name, protocol=protocol)
