#!/usr/bin/python3
"""Writes daemon/base/fold_table.c: what characters of the basic plane are when numbers are compared.

    tests/tools/fold_table.py >daemon/base/fold_table.c

NFKC, digits of all scripts and capital letters by Python's Unicode; capitals of Cyrillic, Greek and Armenian that look like Latin ones are these, with their marks. Georgian has no
capitals in use, ideographs of compatibility and Hangul are left as they are.
"""
import sys
import unicodedata

TWINS = dict(zip('АВЕКМНОРСТУХІЈЅҮӀԚԜ', 'ABEKMHOPCTYXIJSYIQW')) | dict(zip('ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX')) | dict(zip('ՍՏՕ', 'USO'))
FIRST = {}  # of a twin with a mark that Latin has no character for, or a longer one: the first that looks so


def fold(character):
    if unicodedata.category(character) == 'Nd':
        return str(unicodedata.digit(character))
    if 0x1C90 <= ord(character) <= 0x1CBF:
        return character.lower()
    text = unicodedata.normalize('NFKC', character)
    if not 0x10D0 <= ord(text[0]) <= 0x10FF:
        text = unicodedata.normalize('NFKC', text.casefold().upper())
    parts = unicodedata.normalize('NFD', text)
    if not any(c in TWINS for c in parts):
        return FIRST.get(text, text)
    twin = unicodedata.normalize('NFC', ''.join(TWINS.get(c, c) for c in parts))
    if len(twin) == len(text) and len(twin.encode()) <= len(text.encode()):
        return twin
    return FIRST.setdefault(twin, text) if len(text) == 1 else ''.join(TWINS.get(c, c) for c in text)


def is_left(code):
    return 0xAC00 <= code <= 0xDFFF or 0xE000 <= code <= 0xFAFF or 0x1100 <= code <= 0x11FF or 0x3130 <= code <= 0x318F


def runs(pairs):
    """(first, last, step, to): each character of a run is as far from its own."""
    made = []
    for code, to in pairs:
        if made:
            first, last, step, base = made[-1]
            gap = code - last
            if to - code == base - first and gap in (1, 2) and step in (0, gap):
                made[-1] = first, code, gap, base
                continue
        made.append((code, code, 0, to))
    return made


single, several, composed = [], [], []
for code in range(0x80, 0x10000):
    if is_left(code) or unicodedata.category(chr(code)) in ('Cn', 'Cc', 'Cf', 'Zs', 'Pd'):
        continue
    to = fold(chr(code))
    if len(to.encode()) > len(chr(code).encode()):
        continue  # who folds a text in place needs no more room
    if len(to) == 1 and to != chr(code) and ord(to) < 0x10000:
        single.append((code, ord(to)))
    elif 1 < len(to) <= 4 and to.isascii() and ' ' not in to:
        several.append((code, to))
    parts = unicodedata.normalize('NFD', chr(code))
    if len(parts) >= 2 and to == chr(code) and unicodedata.normalize('NFC', parts) == chr(code):
        base, mark = fold(unicodedata.normalize('NFC', parts[:-1])[:1]) if len(parts) == 2 else unicodedata.normalize('NFC', parts[:-1]), parts[-1]
        if len(base) == 1 and code < 0x2000:
            composed.append((ord(base), ord(mark), code))

print('/* Written by tests/tools/fold_table.py, Unicode ' + unicodedata.unidata_version + '. */')
print('#include "base/fold_table.h"\n')
print('/* clang-format off */')
print('const struct fold_run fold_runs[FOLD_RUNS] = {')
made = runs(single)
for first, last, step, to in made:
    print(f'\t{{0x{first:04X}, 0x{last:04X}, {max(step, 1)}, 0x{to:04X}}},')
print('};\n\nconst struct fold_several fold_several[FOLD_SEVERAL] = {')
for code, to in several:
    print(f'\t{{0x{code:04X}, "{to}"}},')
print('};\n\nconst struct fold_pair fold_pairs[FOLD_PAIRS] = {')
composed.sort()
for base, mark, code in composed:
    print(f'\t{{0x{base:04X}, 0x{mark:04X}, 0x{code:04X}}},')
print('};')
print(f'FOLD_RUNS {len(made)}, FOLD_SEVERAL {len(several)}, FOLD_PAIRS {len(composed)}', file=sys.stderr)
