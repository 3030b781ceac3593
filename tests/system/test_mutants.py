"""What the schema of events notices: real payloads with one thing changed that changes what they mean.

MUTANTS=40000 in the environment makes so many; without it some thousands are enough to see a schema
that was loosened. Not counted, as no schema can know it: what a device gave (`observed`, `raw` take any
value of its point), a member that not every event of its type has, nanoseconds beyond 2^53, which are 104
days."""

import copy
import json
import os
import random
import subprocess
from collections import Counter

import pytest
from rig.daemon import BUILD, ROOT
from rig.published import validator

MUTANTS = int(os.environ.get("MUTANTS", "3000"))
UNNOTICED_MOST = 0.02
SEEN_ENOUGH = 5  # events, before a member is said to be in each
GIVEN_BY_DEVICES = {"observed", "raw"}
NANOSECONDS = ("mono_ns", "correction_ns")
KILOGRAMS = ("gross_kg", "declared_kg", "tare_kg", "max_kg")
OF_ITSELF = ("presence.", "barrier.tailgate", "barrier.travel-timeout", "barrier.limit-conflict", "barrier.arm-broken",
             "barrier.forced", "seal.battery", "seal.reopened", "contact.")  # fmt: skip
WRONG_DATES = (
    lambda utc: utc.removesuffix("Z"),
    lambda utc: utc[:5] + "13" + utc[7:],
    lambda utc: utc[:5] + "02-30" + utc[10:],
    lambda utc: utc.replace("T", " "),
    lambda utc: utc[:11] + "24" + utc[13:],
)


def replayed():
    traces = sorted((ROOT / "tests/traces").glob("*.trace"))
    run = subprocess.run([BUILD / "tests/tools/print_events", *traces], check=True, capture_output=True, text=True)
    found = (json.loads(line) for line in run.stdout.splitlines())
    return [payload for payload in found if payload["schema"] == "corridord.event/1"]


def shape(value):
    if isinstance(value, dict):
        return tuple((name, shape(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return ("list", shape(value[0]) if value else None)
    return type(value).__name__


def places(value, path=()):
    """(path, value) of all that is within."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, name), inner
        yield from places(inner, (*path, name))


def at(value, path):
    for name in path:
        value = value[name]
    return value


def anywhere(path):
    return tuple("#" if isinstance(name, int) else name for name in path)


class Corpus:
    def __init__(self, events):
        self.events = list({(event["type"], shape(event)): event for event in events}.values())
        self.parents, self.members, self.states = Counter(), Counter(), {}
        for event in events:
            self._count(event)

    def _count(self, event):
        kind = event["type"]
        self.states.setdefault(kind.split(".")[0], set()).add(event.get("state", "unknown"))
        self.parents[kind, ()] += 1
        for path, value in places(event):
            if isinstance(value, dict):
                self.parents[kind, anywhere(path)] += 1
            if isinstance(path[-1], str):
                self.members[kind, anywhere(path)] += 1

    def is_in_each(self, event, path):
        of = self.parents[event["type"], anywhere(path[:-1])]
        return of >= SEEN_ENOUGH and self.members[event["type"], anywhere(path)] == of


def changes(corpus, event, path, value):
    """(what is done, what stands there then) for one place."""
    last = path[-1]
    if isinstance(last, str):
        if corpus.is_in_each(event, path):
            yield "dropped", None
        yield "renamed", None
    yield "of another kind", [value] if not isinstance(value, list) else {"of": value}
    yield "of another kind", 5 if isinstance(value, str) else "5"
    if isinstance(value, dict):
        yield "with another member", {**value, "extra": 1}
    if isinstance(value, int) and not isinstance(value, bool):
        if last not in NANOSECONDS:
            yield "too big", 2**53 + abs(value)
        if last not in KILOGRAMS:
            yield "a fraction", value + 0.5
        if value >= 0 and last not in ("clocks_apart_ms", "ahead_ms"):
            yield "below zero", -value - 1
    if isinstance(value, str):
        yield "empty", ""
        if last == "utc":
            yield "no date", WRONG_DATES[len(path) % len(WRONG_DATES)](value)
        if len(value) == 64:
            yield "no hash", value[:-1] + "G"
    if path == ("state",) and not event["type"].startswith(OF_ITSELF):
        for other in corpus.states[event["type"].split(".")[0]] - {value}:
            yield "of another state", other


def mutants_of(corpus):
    """(event, path, what, value): a recipe each, so that there may be very many."""
    for event in corpus.events:
        for path, value in places(event):
            if GIVEN_BY_DEVICES & set(path):
                continue
            for what, other in changes(corpus, event, path, value):
                yield event, path, what, other


def made(event, path, what, value):
    mutant = copy.deepcopy(event)
    parent = at(mutant, path[:-1])
    if what == "dropped":
        del parent[path[-1]]
    elif what == "renamed":
        parent[f"{path[-1]}s"] = parent.pop(path[-1])
    else:
        parent[path[-1]] = value
    return mutant


@pytest.fixture(scope="module")
def corpus():
    return Corpus(replayed())


def test_what_is_real_is_valid(corpus):
    for event in corpus.events:
        validator("event").validate(event)


def test_what_changes_the_meaning_is_noticed(corpus):
    recipes = list(mutants_of(corpus))
    chosen = random.Random(7).sample(recipes, min(MUTANTS, len(recipes)))
    unnoticed = Counter()
    for recipe in chosen:
        if validator("event").is_valid(made(*recipe)):
            unnoticed[recipe[0]["type"], ".".join(map(str, anywhere(recipe[1]))), recipe[2]] += 1
    share = sum(unnoticed.values()) / len(chosen)
    print(f"{len(chosen)} of {len(recipes)} mutants, {sum(unnoticed.values())} not noticed: {share:.2%}")
    assert share < UNNOTICED_MOST, unnoticed.most_common(40)
