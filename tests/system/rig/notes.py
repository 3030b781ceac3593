"""Signed notes, verifier keys and Ed25519, from their specifications alone (C2SP signed-note and
tlog-checkpoint, RFC 8032): nothing here knows the programs under test."""

import base64
import hashlib
import subprocess
from functools import lru_cache

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(a, b):
    """Points as (X, Y, Z, T), RFC 8032, 5.1.4."""
    u, v = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = v - u, d - c, d + c, v + u
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result


def equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


@lru_cache(None)
def point_of(octets):
    y, sign = int.from_bytes(octets, "little") & (1 << 255) - 1, octets[31] >> 7
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - x2) % P or y >= P:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_is_good(key, text, signature):
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    return equal(times(s, BASE), add(r, times(h, a)))


class Verifier:
    """NAME+ID+BASE64"""

    def __init__(self, text):
        self.text = text.strip()
        self.name, number, key = self.text.split("+", 2)
        data = base64.b64decode(key, validate=True)
        self.type, self.key = data[0], data[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        assert self.id.hex() == number, "the key is of another id"

    def claims(self, note):
        """It has a signature line of this key, good or not."""
        for line in note.rpartition("\n\n")[2].splitlines():
            _, name, data = line.split(" ")
            if name == self.name and base64.b64decode(data, validate=True)[:4] == self.id:
                return True
        return False

    def signed(self, note):
        """The note's text, if this key signed it; else None."""
        text, _, signatures = note.rpartition("\n\n")
        for line in signatures.splitlines():
            dash, name, data = line.split(" ")
            data = base64.b64decode(data, validate=True)
            if dash == "\u2014" and name == self.name and data[:4] == self.id:
                return text + "\n" if ed25519_is_good(self.key, (text + "\n").encode(), data[4:]) else None
        return None


    def cosigned(self, note):
        """When this witness cosigned the note (C2SP tlog-cosignature, Ed25519), seconds since 1970; else None."""
        assert self.type == 4
        text, _, signatures = note.rpartition("\n\n")
        for line in signatures.splitlines():
            dash, name, data = line.split(" ")
            data = base64.b64decode(data, validate=True)
            if dash == "\u2014" and name == self.name and data[:4] == self.id and len(data) == 76:
                time = int.from_bytes(data[4:12], "big")
                said = f"cosignature/v1\ntime {time}\n{text}\n".encode()
                return time if ed25519_is_good(self.key, said, data[12:]) else None
        return None


def version_of(program):
    """As a program that corridord starts is to be told it."""
    return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip().partition(" ")[2]


def growth(old, tree):
    """RFC 6962, 2.1.2, from the leaf hashes."""

    def subproof(m, part, whole):
        if m == len(part):
            return [] if whole else [root_of(part)]
        k = 1 << (len(part) - 1).bit_length() - 1
        if m <= k:
            return subproof(m, part[:k], whole) + [root_of(part[k:])]
        return subproof(m - k, part[k:], False) + [root_of(part[:k])]

    return subproof(old, tree, True)


def head_of(text):
    """(origin, size, root) of a checkpoint's text."""
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root, validate=True)


def leaf(payload):
    return hashlib.sha256(b"\x00" + hashlib.sha256(payload).digest()).digest()


def root_of(leaves):
    """RFC 6962, 2.1, from the leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


def root_by(leaf_hash, index, size, path):
    """RFC 9162, 2.1.3.2: the root that the inclusion path leads to; None: the path is of no such tree."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, leaf_hash
    for p in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def proof_of(text):
    """(index, path, note) of a c2sp.org/tlog-proof@v1."""
    head, _, note = text.partition("\n\n")
    magic, *lines = head.split("\n")
    assert magic == "c2sp.org/tlog-proof@v1"
    if lines[0].startswith("extra "):
        lines.pop(0)
    word, index = lines.pop(0).split(" ")
    assert word == "index" and str(int(index)) == index
    return int(index), [base64.b64decode(line, validate=True) for line in lines], note


def continues(old_size, old_root, size, root, path):
    """RFC 9162, 2.1.4.2."""
    if old_size == size:
        return not path and old_root == root
    path = list(path)
    if old_size & old_size - 1 == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = (hashlib.sha256(b"\x01" + c + r).digest() for r in (fr, sr))
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashlib.sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == root
