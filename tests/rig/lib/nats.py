"""Three nodes of nats-server: JetStream, each message on all of them, MQTT 3.1.1 at each."""

import json
import signal
import subprocess
import urllib.request
from pathlib import Path

from rig.waiting import free_port, until

from .debian import Suite, made_once

NODES = 3
CONF = """
server_name: {name}
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
jetstream {{ store_dir: "{store}", max_memory_store: 64MB, max_file_store: 512MB }}
cluster {{ name: corridor, listen: "127.0.0.1:{route}", routes: [{routes}] }}
mqtt {{
    listen: "127.0.0.1:{mqtt}"
    stream_replicas: {nodes}
    ack_wait: "10s"
    max_ack_pending: 500
}}
"""


def fetch(cache, suite="bookworm"):
    """The server's path."""
    root = Path(cache) / "nats"
    with made_once(root) as folder:
        if folder:
            Suite(suite, cache).unpack(["nats-server"], folder)
    return root / "usr" / "sbin" / "nats-server"


class Node:
    def __init__(self, server, folder, name):
        self.server, self.folder, self.name = server, folder / name, name
        self.client, self.monitor, self.route, self.port = (free_port() for _ in range(4))
        self.process = None

    def configure(self, nodes):
        self.folder.mkdir(parents=True)
        routes = ", ".join(f'"nats-route://127.0.0.1:{n.route}"' for n in nodes if n is not self)
        self.conf = self.folder / "nats.conf"
        self.conf.write_text(
            CONF.format(
                name=self.name, port=self.client, monitor=self.monitor, route=self.route,
                mqtt=self.port, store=self.folder / "store", routes=routes, nodes=len(nodes),
            )
        )  # fmt: skip

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.server, "-c", self.conf], stdout=log, stderr=log, cwd=self.folder
            )

    def asked(self, path):
        """What it says of itself, {}: nothing."""
        url = f"http://127.0.0.1:{self.monitor}{path}"
        try:
            with urllib.request.urlopen(url, timeout=2) as said:
                return json.load(said)
        except (OSError, ValueError):
            return {}

    def is_healthy(self):
        return self.asked("/healthz?js-server-only=true").get("status") == "ok"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None


class Cluster:
    def __init__(self, server, folder):
        self.nodes = [Node(server, folder, f"n{i}") for i in range(1, NODES + 1)]
        for node in self.nodes:
            node.configure(self.nodes)

    def start(self):
        for node in self.nodes:
            node.start()
        self.wait_healthy()
        return self

    def wait_healthy(self):
        """All of them, and one leads."""
        until(lambda: all(node.is_healthy() for node in self.nodes), "three healthy nodes", 120)
        until(
            lambda: self.nodes[0].asked("/jsz").get("meta_cluster", {}).get("leader"),
            "a node that leads", 120,
        )  # fmt: skip

    def close(self):
        for node in self.nodes:
            if node.process:
                node.kill()
