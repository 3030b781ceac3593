"""One who keeps lists of the registry and signs them, by python3-cryptography and from doc/registry.md
alone: nothing here knows the programs under test."""

import base64
import hashlib
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LIST, RECORD = "corridor-list/v1", "corridor-record/v1"


def b64(octets):
    return base64.b64encode(octets).decode()


class Keeper:
    def __init__(self, name, key=None):
        self.name = name
        self.key = key or Ed25519PrivateKey.generate()
        self.public = b"\x01" + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n" + self.public).digest()[:4]
        self.verifier = f"{name}+{self.id.hex()}+{b64(self.public)}"

    def line(self, text):
        return f"\u2014 {self.name} {b64(self.id + self.key.sign(text.encode()))}\n"

    def note(self, kind, what, octets, at=None, *others):
        """others sign it, too"""
        seconds = int(time.time()) if at is None else at
        text = f"{kind}\n{self.name}\n{what}\n{seconds}\n{b64(hashlib.sha256(octets).digest())}\n"
        return text + "\n" + "".join(keeper.line(text) for keeper in (self, *others))

    def sign(self, path, *others, name=None, at=None):
        """A list file, beside it."""
        note = self.note(LIST, name or path.name, path.read_bytes(), at, *others)
        signature = path.with_name(path.name + ".sig")
        signature.write_text(note)
        return signature

    def signed(self, record, topic, at=None):
        """A record as it is published: its note is the last member. topic: below the root."""
        assert record.endswith("}") and '"note"' not in record
        note = self.note(RECORD, topic, record.encode(), at)
        return record[:-1] + ',"note":"' + note.replace("\n", "\\n") + '"}'
