"""Signed notes, verifier keys, Ed25519 and ECDSA, from their specifications alone (C2SP signed-note and
tlog-checkpoint, RFC 8032, FIPS 186-5): nothing here knows the programs under test."""

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


@lru_cache(None)  # the same line stands in many messages
def ed25519_is_good(key, text, signature):
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    return equal(times(s, BASE), add(r, times(h, a)))


# P-256, FIPS 186 and SP 800-186, 3.2.1.3
P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_BASE = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
             0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
P256_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def p256_add(a, b):
    """Affine points, None: at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P256 == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P256)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P256)
    x = (slope * slope - a[0] - b[0]) % P256
    return x, (slope * (a[0] - x) - a[1]) % P256


def p256_times(n, point):
    result = None
    while n:
        if n & 1:
            result = p256_add(result, point)
        point, n = p256_add(point, point), n >> 1
    return result


def der_numbers(data):
    """Of a SEQUENCE of two INTEGERs (RFC 3279, 2.2.3)."""
    assert data[0] == 0x30 and data[1] == len(data) - 2 < 0x80
    at, numbers = 2, []
    while at < len(data):
        assert data[at] == 2
        numbers.append(int.from_bytes(data[at + 2 : at + 2 + data[at + 1]], "big", signed=True))
        at += 2 + data[at + 1]
    r, s = numbers
    return r, s


def p256_is_good(key, text, signature):
    """key: SubjectPublicKeyInfo (RFC 5480)."""
    x, y = (int.from_bytes(key[-64:][i : i + 32], "big") for i in (0, 32))
    if key[:-65] != P256_SPKI or key[-65] != 4 or (y * y - x**3 + 3 * x - P256_B) % P256:
        return False
    r, s = der_numbers(signature)
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        return False
    e, w = int.from_bytes(hashlib.sha256(text).digest(), "big"), pow(s, -1, P256_ORDER)
    point = p256_add(p256_times(e * w % P256_ORDER, P256_BASE), p256_times(r * w % P256_ORDER, (x, y)))
    return point is not None and point[0] % P256_ORDER == r


class Verifier:
    """NAME+ID+BASE64"""

    def __init__(self, text):
        self.text = text.strip()
        self.name, number, key = self.text.split("+", 2)
        data = base64.b64decode(key, validate=True)
        self.type, self.key = data[0], data[1:]
        self.of_log = self.type in (1, 2)
        named = data[1:] if self.type == 2 else self.name.encode() + b"\n" + data
        self.id = hashlib.sha256(named).digest()[:4]
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
                is_good = p256_is_good if self.type == 2 else ed25519_is_good
                return text + "\n" if is_good(self.key, (text + "\n").encode(), data[4:]) else None
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
