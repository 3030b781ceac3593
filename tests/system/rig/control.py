"""A client of the control socket; all that it hears has to be as the schema says."""

import json
import socket

from . import published
from .waiting import PATIENCE_S


class Control:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")
        self.events = []

    def send(self, question):
        self.socket.sendall(json.dumps(question).encode() + b"\n")

    def hear(self):
        line = json.loads(self.lines.readline())
        published.validator("control").validate(line)
        return line

    def ask(self, method, **members):
        self.send({"method": method} | members)
        while "event" in (line := self.hear()):
            self.events.append(line["event"])
        return line

    def ask_all(self, method, **members):
        """A list, in as many pieces as it comes in."""
        found, after = [], {}
        while True:
            answer = self.ask(method, **members, **after)
            found += answer[method]
            if "next" not in answer:
                return found
            after = {"from": answer["next"]}

    def next_event(self):
        return self.events.pop(0) if self.events else self.hear()["event"]

    def close(self):
        self.lines.close()
        self.socket.close()
