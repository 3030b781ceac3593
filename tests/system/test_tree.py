"""The tree over the events, against one written from RFC 6962, section 2.1, alone."""

import hashlib
import subprocess
from functools import lru_cache

from rig.daemon import BUILD

SIZES = 301


def sha256(data):
    return hashlib.sha256(data).digest()


@lru_cache(None)
def entry(index):
    return sha256(b"event %d" % index)


def largest_power_below(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@lru_cache(None)
def mth(low, high):
    """MTH(D[low:high])"""
    n = high - low
    if n == 0:
        return sha256(b"")
    if n == 1:
        return sha256(b"\x00" + entry(low))
    k = largest_power_below(n)
    return sha256(b"\x01" + mth(low, low + k) + mth(low + k, high))


def path(m, low, high):
    """PATH(m, D[low:high]), m counted from low"""
    n = high - low
    if n == 1:
        return []
    k = largest_power_below(n)
    if m < k:
        return path(m, low, low + k) + [mth(low + k, high)]
    return path(m - k, low + k, high) + [mth(low, low + k)]


def subproof(m, low, high, whole):
    """SUBPROOF(m, D[low:high], whole)"""
    n = high - low
    if m == n:
        return [] if whole else [mth(low, high)]
    k = largest_power_below(n)
    if m <= k:
        return subproof(m, low, low + k, whole) + [mth(low + k, high)]
    return subproof(m - k, low + k, high, False) + [mth(low, low + k)]


def test_roots_and_all_proofs_of_300_trees_are_those_of_the_rfc():
    told = subprocess.run([BUILD / "tests/tools/print_tree", str(SIZES)], check=True, capture_output=True, text=True)
    lines = iter(told.stdout.splitlines())
    for size in range(SIZES):
        assert next(lines) == f"root {size} {mth(0, size).hex()}"
        for index in range(size):
            assert next(lines).split() == ["leaf", str(index), str(size), *(h.hex() for h in path(index, 0, size))]
        for old in range(1, size + 1):
            assert next(lines).split() == ["growth", str(old), str(size), *(h.hex() for h in subproof(old, 0, size, True))]
    assert next(lines, None) is None


def test_the_known_roots_of_certificate_transparency():
    """Of no leaf, and the shape of three: RFC 6962, 2.1.3."""
    assert mth(0, 0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    a, b, c = (sha256(b"\x00" + entry(i)) for i in range(3))
    assert mth(0, 3) == sha256(b"\x01" + sha256(b"\x01" + a + b) + c)
