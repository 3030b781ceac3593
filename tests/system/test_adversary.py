"""What else an adversary may try who has the broker, the card or the gateway's key, one after the other: each is
found by both verifiers, and what is honest is not called anything else."""

import base64
import json
import subprocess

import pytest
from rig import notes, verification
from test_verify import (
    EPOCH, FOLLOWS, NEXT, VERIFY, WHOLE, Key, WitnessKey, chain, chain_from, digest, event, forged, judge, key, re_forged, status,
)


@pytest.fixture(scope="module")
def witnesses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("witnesses")
    return [WitnessKey(folder / name, f"corridor/{name}/gw1") for name in ("az", "tr")]


def signed(events, key, *heads, count=None):
    """Honest or not: a log with its status and its heads."""
    return [*events, status(events, count=count), *(key.sign(events[:n]) for n in heads)]


def test_the_newest_event_altered_with_the_status_made_to_fit(judge, key):
    other = [*WHOLE[:-1], forged(WHOLE[-1], 60)]
    assert judge([*other, status(other), key.sign(WHOLE[:59])], key)[1] == 0, "nobody has signed it yet"
    said, code = judge([*other, status(other), key.sign(WHOLE)], key)
    assert (code, said["differing_heads"]) == (2, 1)
    assert judge([*other, status(other), status(WHOLE), key.sign(WHOLE[:59])], key)[1] == 2, "the honest status had come"
    assert judge([*other, WHOLE[-1], status(other), key.sign(WHOLE[:59])], key)[1] == 2, "or the alert"


def test_events_exchanged_over_the_border_of_two_epochs(judge, key):
    second = chain(5, NEXT, follows=FOLLOWS)
    assert judge([*WHOLE, status(WHOLE), *second])[1] == 0
    last = second[0].replace(NEXT.encode(), EPOCH.encode(), 1).replace(b'"seq":1,', b'"seq":60,')
    first = WHOLE[-1].replace(EPOCH.encode(), NEXT.encode(), 1).replace(b'"seq":60,', b'"seq":1,')
    assert judge([*WHOLE[:-1], last, status(WHOLE), first, *second[1:]])[1] == 2


@pytest.mark.parametrize("cut", [1, 10, 59])
def test_a_tail_cut_and_the_heartbeat_forged(judge, key, witnesses, cut):
    there = WHOLE[: 60 - cut]
    heads = [key.sign(WHOLE[:20]), key.sign(WHOLE)]
    assert judge([*there, status(there), heads[1]], key)[1] == 1, "by its head"
    assert judge([*there, status(there), witnesses[0].cosign(heads[1], key)], key, *witnesses)[1] == 1, "by its witness"
    assert judge([*there, status(there), status(WHOLE)])[1] == 1, "by the heartbeat before"


def test_a_status_of_before_is_no_news_and_one_of_another_past_is(judge):
    """A card that is copied and runs twice, of which one's events are kept away."""
    assert judge([*WHOLE, *(status(WHOLE, count=n) for n in (1, 30, 60, 30))])[1] == 0
    other = [*WHOLE[:40], *chain_from(WHOLE[39], 41, 50)]
    for lines in ([*WHOLE, status(WHOLE), status(other)], [status(other), *WHOLE, status(WHOLE)]):
        said, code = judge(lines)
        assert code == 2 and said["status_differs"]
    other = re_forged(60, 60)
    for lines in ([*WHOLE, status(WHOLE), status(other)], [status(other), *WHOLE, status(WHOLE)]):
        assert judge(lines)[1] == 2, "of the same number"


def line_of(message):
    """The cosignature in a witness's message."""
    return json.loads(message)["note"].splitlines()[-1]


def test_a_cosignature_put_below_another_head(judge, key, witnesses):
    old, new = key.sign(WHOLE[:40]), key.sign(WHOLE)
    swapped = json.loads(new)["note"] + line_of(witnesses[0].cosign(old, key)) + "\n"
    message = json.dumps({"schema": "corridord.witness/1", "note": swapped}, separators=(",", ":"), ensure_ascii=False).encode()
    said, code = judge([*WHOLE, status(WHOLE), new, message], key, *witnesses)
    assert (code, said["forged_heads"], said["witnessed"]) == (2, 1, 0)
    assert judge([*WHOLE, status(WHOLE), new, message], key)[1] == 0, "of who is not known nothing is said"


def test_a_signature_put_below_the_head_of_another_epoch(judge, key):
    second = chain(60, NEXT, follows=FOLLOWS)
    other = json.loads(key.sign(second, NEXT))["note"]
    head = json.loads(key.sign(WHOLE))
    text, _ = head["note"].split("\n\n")
    swapped = json.dumps(head | {"note": text + "\n\n" + other.split("\n\n")[1]}, separators=(",", ":"), ensure_ascii=False).encode()
    assert judge([*WHOLE, status(WHOLE), swapped], key)[1] == 2


def proof(events, index, note):
    tree = [notes.leaf(e) for e in events]

    def path(at, low, high):
        if high - low == 1:
            return []
        half = 1 << (high - low - 1).bit_length() - 1
        if at < half:
            return path(at, low, low + half) + [notes.root_of(tree[low + half:high])]
        return path(at - half, low + half, high) + [notes.root_of(tree[low:low + half])]

    hashes = [base64.b64encode(h).decode() for h in path(index, 0, len(tree))]
    return "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *hashes, "", note])


def test_a_proof_of_another_size_or_place(key, tmp_path):
    heads = {n: json.loads(key.sign(WHOLE[:n]))["note"] for n in (40, 60)}
    right = proof(WHOLE, 30, heads[60])
    tries = [
        (right, WHOLE[30], 0),
        (proof(WHOLE[:40], 30, heads[60]), WHOLE[30], 2),
        (proof(WHOLE, 30, heads[40]), WHOLE[30], 2),
        (right, WHOLE[31], 2),
        (right.replace("index 30", "index 31"), WHOLE[31], 2),
        (right, forged(WHOLE[30], 31), 2),
        (proof(WHOLE[:40], 30, heads[40]), WHOLE[30], 0),
        (right.replace("\n\n", "\n" + base64.b64encode(bytes(32)).decode() + "\n\n", 1), WHOLE[30], 2),
    ]
    for at, (text, payload, code) in enumerate(tries):
        (tmp_path / "proof").write_text(text)
        (tmp_path / "event").write_bytes(payload)
        run = subprocess.run([VERIFY, "--key", key.verifier, "--proof", tmp_path / "proof", tmp_path / "event"], capture_output=True, text=True)
        assert (run.returncode, verification.verify_single(payload, text, [key.verifier])) == (code, code), (at, run.stdout, run.stderr)


def of_gw2(line):
    return line.replace(b'"gateway":"gw1"', b'"gateway":"gw2"', 1)


def test_two_gateways_with_one_key(judge, key):
    """Each begins a log of its own, of the same name; or the other one signs in this one's."""
    twin = chain(30, NEXT, word="twin")
    lines = [*signed(WHOLE, key, 60), *twin, status(twin, NEXT), key.sign(twin, NEXT)]
    assert judge(lines, key)[1] == 2, "it follows nothing"
    beside, prev = [], "0" * 64
    for seq in range(1, 31):
        beside.append(of_gw2(event(seq, prev, NEXT)))
        prev = digest(beside[-1])
    said, code = judge([*signed(WHOLE, key, 60), *beside], key)
    assert (said["verdict"], code) == ("good", 1), "gw2 has no head of its own key"


def test_a_witness_that_signs_anything_is_not_enough(judge, key, witnesses):
    other = re_forged(60, 20)
    lies = witnesses[0].cosign(key.sign(other), key)
    forgery = [*other, status(other), key.sign(other), lies]
    assert judge(forgery, key, *witnesses, witnesses=1)[1] == 0, "who believes one witness believes that one"
    assert judge(forgery, key, *witnesses, witnesses=2)[1] == 1
    assert judge([*forgery, witnesses[1].cosign(key.sign(WHOLE), key)], key, *witnesses)[1] == 2, "an honest one is there"


def test_a_tombstone_of_another_gateway_or_for_what_is_there(judge):
    gap = {"first": 10, "last": 20, "events": 11, "hash": digest(WHOLE[19])}
    observed = {"reason": "quota", "class": "telemetry", "epoch": EPOCH, "events": 11, "ranges": [gap]}
    beside = of_gw2(event(1, "0" * 64, NEXT, kind="journal.evicted", observed=observed))
    said, code = judge([*WHOLE[:9], *WHOLE[20:], status(WHOLE), beside])
    assert (code, said["evicted"], said["missing"]) == (1, [], [{"first": 10, "last": 20}])
    stone = event(61, digest(WHOLE[-1]), kind="journal.evicted", observed=observed)
    said, code = judge([*WHOLE, stone, status([*WHOLE, stone])])
    assert (code, said["evicted"]) == (0, []), "it came before it was given up"


@pytest.mark.parametrize("kind", sorted(verification.WARNINGS - {"leg.unannounced"}))
def test_what_a_gateway_tells_of_forgeries_is_pointed_at(judge, kind):
    warning = event(61, digest(WHOLE[-1]), kind=kind, consignment={"ucr": "A"}, leg={"from": "az", "to": "cp"})
    said, code = judge([*WHOLE, warning, status([*WHOLE, warning])])
    assert (code, said["warnings"]) == (0, [{"first": 61, "last": 61}])
    other = event(31, digest(WHOLE[29]), kind=kind)
    said, code = judge([*WHOLE, other, status(WHOLE)])
    assert (code, said["warnings"]) == (2, []), "one that is forged is none"


def at_moment(seq, mono_s, boot="b"):
    return event(seq, "a" * 64, boot=boot, recorded={"utc": "2026-03-02T05:10:00.000000Z", "clock": "synced", "mono_ns": mono_s * 10**9})


def status_at(mono_s):
    return status(WHOLE)[:-1] + b',"mono_ns":%d}' % (mono_s * 10**9)


def test_an_alert_ahead_of_a_backlog_is_no_forgery_until_a_status_says_so(judge):
    for alert, at_s, ahead, altered, code in (
        (at_moment(80, 500), 490, [80], [], 1),
        (at_moment(80, 500), 550, [80], [], 1),
        (at_moment(80, 500), 561, [], [80], 2),
        (at_moment(80, 500, "another"), 561, [80], [], 1),
        (event(80, "a" * 64), 490, [], [80], 2),
    ):
        said, exit_code = judge([*WHOLE, alert, status_at(at_s)])
        assert exit_code == code
        assert [span["first"] for span in said["ahead"]] == ahead and [span["first"] for span in said["altered"]] == altered


def test_an_epoch_that_was_given_up_whole_is_no_forgery(judge, tmp_path):
    gap = {"first": 1, "last": 60, "events": 60, "hash": digest(WHOLE[-1])}
    observed = {"reason": "quota", "class": "evidence", "epoch": EPOCH, "events": 60, "ranges": [gap]}
    second = chain(5, NEXT, follows=FOLLOWS)
    stone = event(6, digest(second[-1]), NEXT, kind="journal.evicted", observed=observed)
    assert judge([*second, stone, status([*second, stone], NEXT)])[1] == 0
    assert judge([*second, status(second, NEXT)])[1] == 2, "nobody says that it was given up"
    other = event(6, digest(second[-1]), NEXT, kind="journal.evicted", observed=observed | {"ranges": [gap | {"last": 59}]})
    assert judge([*second, other, status([*second, other], NEXT)])[1] == 2, "not that one"


@pytest.mark.parametrize("change", [
    lambda line: line[:-1] + b',"seq":32}',
    lambda line: line.replace(b'"seq":31,', b'"seq":31.0,'),
    lambda line: line.replace(b'"seq":31,', b'"seq":031,'),
    lambda line: line + b" ",
    lambda line: line + line,
    lambda line: line[:-1],
    lambda line: line.replace(b'"checkpoint":"cp"', b'"checkpoint":"\\u0063p"', 1),
    lambda line: line.replace(b"31}", b"31,\"value\":0}", 1),
    lambda line: b" " + line.replace(b":", b": ", 1),
])
def test_the_same_event_in_other_bytes(tmp_path, change):
    """Whatever each makes of such a line, neither lets it pass for the event."""
    lines = [*WHOLE[:30], change(WHOLE[30]), *WHOLE[31:], status(WHOLE)]
    (tmp_path / "lines").write_bytes(b"".join(line + b"\n" for line in lines))
    assert subprocess.run([VERIFY, tmp_path / "lines"], capture_output=True).returncode in (1, 2)
    assert verification.verify(lines)[1] in (1, 2)
