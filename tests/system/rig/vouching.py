"""Notes by which a key vouches for a message, made and checked from doc/verification.md, C2SP's signed-note
and RFC 8032 alone: nothing here knows the programs under test."""

import base64
import hashlib
import json
import time

from rig import notes

MARK = b',"note":"'


def compressed(point):
    x, y, z, _ = point
    inverse = pow(z, notes.P - 2, notes.P)
    x, y = x * inverse % notes.P, y * inverse % notes.P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Key:
    """An Ed25519 key by its 32 bytes of secret (RFC 8032, 5.1.5 and 5.1.6)."""

    def __init__(self, name, secret):
        digest = hashlib.sha512(secret).digest()
        low = int.from_bytes(digest[:32], "little")
        self.scalar, self.prefix = low & (1 << 254) - 8 | 1 << 254, digest[32:]
        self.name, self.public = name, compressed(notes.times(self.scalar, notes.BASE))
        data = b"\x01" + self.public
        self.id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        self.verifier = f"{name}+{self.id.hex()}+{base64.b64encode(data).decode()}"

    def sign(self, text):
        r = int.from_bytes(hashlib.sha512(self.prefix + text).digest(), "little") % notes.L
        point = compressed(notes.times(r, notes.BASE))
        h = int.from_bytes(hashlib.sha512(point + self.public + text).digest(), "little") % notes.L
        return point + ((r + h * self.scalar) % notes.L).to_bytes(32, "little")

    def note(self, text):
        line = base64.b64encode(self.id + self.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.name} {line}\n"


def text_of(kind, by, topic, payload, time_s=None):
    digest = base64.b64encode(hashlib.sha256(payload).digest()).decode()
    return f"{kind}\n{by}\n{topic}\n{int(time.time()) if time_s is None else time_s}\n{digest}\n"


def with_note(payload, note):
    return payload[:-1] + MARK + json.dumps(note, ensure_ascii=False).encode()[1:] + b"}"


def vouched(key, kind, topic, payload, by=None, time_s=None):
    """The message with the note of that key. topic: below the root."""
    return with_note(payload, key.note(text_of(kind, by or key.name, topic, payload, time_s)))


def without_note(payload):
    """(the message without its note, the note)."""
    plain, _, rest = payload.rpartition(MARK)
    return plain + b"}", json.loads(b'"' + rest[:-1])


def check(verifier, kind, topic, payload):
    """(who, when) the message is vouched for, or None."""
    plain, note = without_note(payload)
    text = notes.Verifier(verifier).signed(note)
    if text is None:
        return None
    said, by, where, time_s, digest = text.splitlines()
    right = base64.b64encode(hashlib.sha256(plain).digest()).decode()
    return (by, int(time_s)) if (said, where, digest) == (kind, topic, right) else None


def officer_signed(verifier, event):
    """(when, SHA-256 of the request in base64) that the officer's key signed what the event tells, or None."""
    told = event.get("acknowledged", event)
    method, time_s, digest, signature = told["signed_as"].split()
    where = f"{event['checkpoint']}/{event['gateway']}/request/{method}"
    text = f"corridor-request/v1\n{told['signed_by']}\n{where}\n{time_s}\n{digest}\n"
    good = notes.Verifier(verifier).signed(f"{text}\n\u2014 {told['signed_by']} {signature}\n")
    return (int(time_s), digest) if good == text else None
