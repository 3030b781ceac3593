"""The checks that the other tests rely on see what they are to see."""

import copy
import hashlib
import json
from types import SimpleNamespace

import pytest
from rig import contract


def message(data):
    payload = json.dumps(data).encode()
    kind = data["type"].replace(".", "/")
    return SimpleNamespace(
        topic=f"corridor/v1/{data['checkpoint']}/{data['gateway']}/event/{kind}",
        payload=payload,
        retain=False,
        user={"epoch": data["epoch"], "seq": str(data["seq"])},
        content_type="application/json",
    )


def chain(count, epoch="aa"):
    """Well-linked events as dictionaries."""
    made, prev = [], contract.NO_PREVIOUS
    for seq in range(1, count + 1):
        data = {
            "checkpoint": "x", "gateway": "g", "epoch": epoch, "seq": seq, "prev": prev,
            "type": "meter.value",
        }
        made.append(data)
        prev = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    return made


def check(dictionaries):
    events = [contract.Event(message(data)) for data in dictionaries]
    return contract.check_chain(contract.unique(events))


def tombstone(after, first, last, digest):
    data = copy.deepcopy(after[-1])
    data |= {"seq": after[-1]["seq"] + 1, "type": "journal.evicted"}
    data["prev"] = hashlib.sha256(json.dumps(after[-1]).encode()).hexdigest()
    gap = {"first": first, "last": last, "events": last - first + 1, "hash": digest}
    data["observed"] = {"epoch": data["epoch"], "ranges": [gap]}
    return data


def test_a_whole_chain_passes_and_repeats_do_no_harm():
    whole = chain(5)
    assert len(check(whole[:3] + whole[1:])) == 5


def test_epochs_are_chains_of_their_own():
    assert len(check(chain(3, "aa") + chain(2, "bb"))) == 5


def test_a_missing_number_is_seen():
    whole = chain(5)
    with pytest.raises(AssertionError, match="#3 is missing"):
        check(whole[:2] + whole[3:])


def test_a_missing_beginning_is_seen():
    with pytest.raises(AssertionError, match="#1 is missing"):
        check(chain(5)[1:])


def test_a_wrong_order_is_seen():
    whole = chain(3)
    with pytest.raises(AssertionError):
        check([whole[0], whole[2], whole[1]])


def test_an_altered_event_is_seen_by_the_next_one():
    whole = chain(3)
    whole[1]["gateway"] = "h"
    with pytest.raises(AssertionError, match="not linked"):
        check(whole)


def test_a_repeat_with_other_bytes_is_seen():
    whole = chain(2)
    forged = dict(whole[1], gateway="h")
    with pytest.raises(AssertionError, match="other bytes"):
        check([*whole, forged])


def test_a_gap_that_a_tombstone_names_passes_and_only_that():
    whole = chain(6)
    lost = hashlib.sha256(json.dumps(whole[3]).encode()).hexdigest()
    named = tombstone(whole, 3, 4, lost)
    assert len(check(whole[:2] + whole[4:] + [named])) == 5
    with pytest.raises(AssertionError, match="#2 is missing"):
        check(whole[:1] + whole[4:] + [named])


def test_a_tombstone_with_a_wrong_hash_is_seen():
    whole = chain(6)
    with pytest.raises(AssertionError, match="not linked"):
        check(whole[:2] + whole[4:] + [tombstone(whole, 3, 4, "0" * 64)])


def test_user_properties_that_disagree_with_the_payload_are_seen():
    wrong = message(chain(1)[0])
    wrong.user["seq"] = "2"
    with pytest.raises(AssertionError):
        contract.unique([contract.Event(wrong)])
