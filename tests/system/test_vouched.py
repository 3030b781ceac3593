"""Handovers that carry the signature of the gateway that announces them, and what the next one makes of
those that do not: by two gateways, a broker, and whoever may write to it."""

import json
import subprocess

import pytest
from rig import vouching
from rig.daemon import BUILD
from rig.legs import FIRST, FROM, SEALS, SECOND, TO, Site, consignment, depart
from rig.published import validator
from rig.waiting import until

KIND = "corridor-handover/v1"


def new_key(folder, place):
    words = [BUILD / "corridord-signer", "--new-key", folder / f"{place}.pem", f"corridor/{place}/gw1"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def tools(closing, new_subscriber, new_daemon, tmp_path):
    return closing, new_subscriber, new_daemon, tmp_path


@pytest.fixture
def key(tmp_path):
    return new_key(tmp_path, FROM)


@pytest.fixture
def here(key, broker, tools, tmp_path):
    site = Site(FROM, broker, tools, more=f'signer {{ key = "{tmp_path}/{FROM}.pem"  ledger = "ledger" }}\n')
    site.knows(*map(consignment, SEALS))
    return site.start()


@pytest.fixture
def handovers(broker, new_subscriber):
    """All that comes on the topic of the next checkpoint's handovers."""
    return new_subscriber(broker, topic=f"corridor/v1/{TO}/handover/+", name="handovers")


def payloads(handovers):
    return [bytes(m.payload) for m in handovers.messages if m.payload]


def signed(payload):
    return vouching.MARK in payload


def wait_signed(handovers, ucr):
    def look():
        return [p for p in payloads(handovers) if json.loads(p)["ucr"] == ucr and signed(p)]

    return until(look, f"{ucr} is announced with a signature")[-1]


def starts(site):
    mark = site.subscriber.mark
    site.daemon.start()
    site.subscriber.wait_event("barrier.closed", since=mark)


def topic(ucr):
    return f"{TO}/handover/{ucr}"


def test_what_leaves_is_announced_with_a_signature_and_never_without(here, handovers, key):
    depart(here, FIRST)
    payload = wait_signed(handovers, FIRST)
    validator("handover").validate(json.loads(payload))
    by, when = vouching.check(key, KIND, topic(FIRST), payload)
    assert by == f"corridor/{FROM}/gw1/{json.loads(payload)['epoch']}" and when > 0
    plain, _ = vouching.without_note(payload)
    assert [*json.loads(plain), "note"] == list(json.loads(payload))
    assert vouching.check(key, KIND, topic(SECOND), payload) is None
    assert vouching.check(key, KIND, topic(FIRST), payload.replace(b'"open":3', b'"open":4')) is None
    here.daemon.stop()
    starts(here)
    until(lambda: len(payloads(handovers)) > 1, "it is announced again")
    assert all(map(signed, payloads(handovers)))


def test_one_that_cannot_be_signed_goes_without_until_it_can(here, handovers, key, tmp_path):
    pem = tmp_path / f"{FROM}.pem"
    here.daemon.stop()
    pem.rename(pem.with_suffix(".away"))
    starts(here)
    depart(here, FIRST)
    (payload,) = until(lambda: payloads(handovers), "it is announced without", 60)
    assert not signed(payload)
    pem.with_suffix(".away").rename(pem)
    assert vouching.check(key, KIND, topic(FIRST), wait_signed(handovers, FIRST))
