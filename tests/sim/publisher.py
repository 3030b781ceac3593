"""A reader that publishes at a broker of the site."""

import json

import paho.mqtt.client as mqtt


class Publisher:
    def __init__(self, port, name="reader", user=None, password=None):
        versions = getattr(mqtt, "CallbackAPIVersion", None)
        self.client = mqtt.Client(*([versions.VERSION1] if versions else []), client_id=name)
        if user:
            self.client.username_pw_set(user, password)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def send(self, topic, message, retain=False, qos=1):
        """Waits until the broker has it."""
        payload = message if isinstance(message, (str, bytes)) else json.dumps(message)
        self.client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish()

    def pour(self, topic, payload):
        """Waits for nothing."""
        self.client.publish(topic, payload, qos=0)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
