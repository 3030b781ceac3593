"""corridor-verify and the verifier written from doc/verification.md, over what an adversary may make of
what a subscriber got: each attack is found by both, and both say the same of whatever comes."""

import base64
import hashlib
import json
import random
import resource
import socket
import subprocess
import time
from datetime import datetime, timezone

import pytest
from rig import conf, judging, notes, verification
from rig.daemon import BUILD, SANITIZED
from rig.waiting import until
from sim.modbus_device import TcpServer, Unit

VERIFY, SIGNER = BUILD / "corridor-verify", BUILD / "corridord-signer"
NAME = "corridor/cp/gw1"
EPOCH = "00000000000000e1"
ZEROS = "0" * 64


def digest(payload):
    return hashlib.sha256(payload).hexdigest()


def event(seq, prev, epoch=EPOCH, kind="meter.value", follows=None, **members):
    """Members in a gateway's order."""
    said = {"schema": "corridord.event/1", "checkpoint": "cp", "gateway": "gw1", "epoch": epoch, "seq": seq, "prev": prev}
    said |= {"follows": follows} if follows else {}
    return json.dumps(said | {"type": kind, **members}, separators=(",", ":")).encode()


def chain(count, epoch=EPOCH, word="value", follows=None):
    made, prev = [], ZEROS
    for seq in range(1, count + 1):
        made.append(event(seq, prev, epoch, follows=follows if seq == 1 else None, observed={word: seq}))
        prev = digest(made[-1])
    return made


def timed(utcs, epoch=EPOCH, follows=None, clock="synced"):
    """A chain that was written then."""
    made, prev = [], ZEROS
    for seq, utc in enumerate(utcs, 1):
        recorded = {"utc": datetime.fromtimestamp(utc, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "clock": clock, "mono_ns": seq}
        made.append(event(seq, prev, epoch, follows=follows if seq == 1 else None, recorded=recorded, observed={"value": seq}))
        prev = digest(made[-1])
    return made


def status(events, epoch=EPOCH, count=None):
    count = len(events) if count is None else count
    said = {"schema": "corridord.status/1", "checkpoint": "cp", "gateway": "gw1", "boot": "b", "state": "online", "epoch": epoch}
    return json.dumps(said | {"seq": count, "hash": digest(events[count - 1])}, separators=(",", ":")).encode()


class Key:
    """A gateway's: signs whatever it is asked to, each time as if it never had before."""

    def __init__(self, folder, name=NAME, kind="--new-key"):
        self.folder, self.name, self.number = folder, name, 0
        folder.mkdir(exist_ok=True)
        made = subprocess.run([SIGNER, kind, folder / "key.pem", name], check=True, capture_output=True, text=True)
        self.verifier = made.stdout.strip()

    def ask(self, *questions, more=()):
        """The last answer of a signer that remembers nothing."""
        self.number += 1
        ours, theirs = socket.socketpair()
        words = [SIGNER, "--of", notes.version_of(SIGNER), self.folder / "key.pem", self.folder / f"ledger{self.number}", self.name]
        signer = subprocess.Popen([*words, *more], stdin=theirs)
        theirs.close()
        file = ours.makefile("rw")
        for question in questions:
            file.write(question + "\n")
            file.flush()
            answer = file.readline()
        file.close()
        ours.close()
        signer.wait()
        return base64.b64decode(answer.split(" ")[1]).decode()

    def sign(self, events, epoch=EPOCH, gateway=None, **more):
        """A head message over these events."""
        root = base64.b64encode(notes.root_of([notes.leaf(e) for e in events])).decode()
        note = self.ask(f"sign {gateway or self.name}/{epoch} {len(events)} {root}")
        said = {"schema": "corridord.head/1", "epoch": epoch, "seq": len(events), "hash": digest(events[-1]), "note": note, **more}
        return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


class WitnessKey(Key):
    """A witness's: cosigns whatever it is asked to, each time as if it never had before."""

    def __init__(self, folder, name):
        super().__init__(folder, name)
        made = subprocess.run([SIGNER, "--new-witness-key", folder / "witness.pem", name], check=True, capture_output=True, text=True)
        self.verifier = made.stdout.strip()

    def cosign(self, head, log):
        """The witness's message of a head message."""
        request = base64.b64encode(("old 0\n\n" + json.loads(head)["note"]).encode()).decode()
        more = (self.folder / "witness.pem", self.folder / f"cosigned{self.number}")
        note = self.ask(f"log {log.verifier}", f"cosign {request}", more=more)
        return json.dumps({"schema": "corridord.witness/1", "note": note}, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return Key(tmp_path_factory.mktemp("key"))


@pytest.fixture
def judge(tmp_path):
    """Both verifiers: they have to agree."""

    def verdict(lines, *keys, witnesses=0):
        said, code = judging.judge(tmp_path / "lines", lines, [one.verifier for one in keys], witnesses)
        return said.get(("cp", "gw1", EPOCH)), code

    return verdict


WHOLE = chain(60)


def test_what_is_whole_is_good_and_signed(judge, key):
    lines = [*WHOLE, status(WHOLE), key.sign(WHOLE[:50]), key.sign(WHOLE)]
    said, code = judge(lines, key)
    assert (code, said["verdict"], said["events"], said["last"], said["signed"]) == (0, "good", 60, 60, 60)
    assert said["signed_by"] == NAME
    assert judge(lines)[1] == 0, "without a key"


def test_order_and_repetition_do_no_harm(judge, key):
    lines = [*WHOLE, status(WHOLE, count=30), status(WHOLE), key.sign(WHOLE)]
    for seed in range(10):
        dice = random.Random(seed)
        assert judge(dice.choices(lines, k=30) + dice.sample(lines, len(lines)), key)[1] == 0


def test_topics_before_the_payload_are_passed_over(judge):
    assert judge([b"corridor/v1/cp/gw1/event/meter/value " + line for line in WHOLE])[1] == 0


def forged(payload, seq):
    return payload.replace(b'"observed":{"value":%d}' % seq, b'"observed":{"value":0}')


def swapped(seq):
    """Each of the two has the other's number."""
    one, other = WHOLE[seq - 1], WHOLE[seq]
    number = b'"seq":%d,'
    return [
        *WHOLE[: seq - 1], other.replace(number % (seq + 1), number % seq),
        one.replace(number % seq, number % (seq + 1)), *WHOLE[seq + 1:],
    ]


def re_forged(count, since):
    """All from there on written anew."""
    made, prev = WHOLE[: since - 1], digest(WHOLE[since - 2])
    for seq in range(since, count + 1):
        made = [*made, event(seq, prev, observed={"value": -seq})]
        prev = digest(made[-1])
    return made


FOLLOWS = [{"epoch": EPOCH, "seq": 60, "hash": digest(WHOLE[-1]), "why": "return"}]
NEXT = "00000000000000e2"

# what happened, the lines without heads, the exit
ATTACKS = {
    "an event altered": (WHOLE[:30] + [forged(WHOLE[30], 31)] + WHOLE[31:] + [status(WHOLE)], 2),
    "the newest altered": (WHOLE[:-1] + [forged(WHOLE[-1], 60), status(WHOLE)], 2),
    "two swapped": ([*swapped(30), status(WHOLE)], 2),
    "two swapped, at the end": ([*swapped(59), status(WHOLE)], 2),
    "an event removed": (WHOLE[:30] + WHOLE[31:] + [status(WHOLE)], 1),
    "a duplicate changed": ([*WHOLE, forged(WHOLE[30], 31), status(WHOLE)], 2),
    "the newest's duplicate changed": ([*WHOLE, forged(WHOLE[-1], 60), status(WHOLE)], 2),
    "the tail cut": (WHOLE[:50] + [status(WHOLE)], 1),
    "a forged number": ([*WHOLE, event(10**9, "a" * 64), status(WHOLE)], 2),
    "the beginning cut": (WHOLE[10:] + [status(WHOLE)], 1),
    "an epoch forged": ([*WHOLE, status(WHOLE), *chain(5, NEXT)], 2),
    "an epoch that follows another end": (
        [*WHOLE, status(WHOLE), *chain(5, NEXT, follows=[{**FOLLOWS[0], "hash": "b" * 64}])], 2),
    "an epoch that follows nothing that came": (
        [*WHOLE, status(WHOLE), *chain(5, NEXT, follows=[{**FOLLOWS[0], "epoch": "00000000000000ee"}])], 2),
    "a line of rubbish": ([*WHOLE, b"{rubbish", status(WHOLE)], 2),
    "nothing": ([], 1),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_shows_without_a_signature(judge, attack):
    lines, code = ATTACKS[attack]
    assert judge(lines)[1] == code


def test_an_epoch_that_follows_is_good(judge):
    lines = [*WHOLE, status(WHOLE), *chain(5, NEXT, follows=FOLLOWS)]
    assert judge(lines)[1] == 0


def test_a_whole_chain_that_is_re_forged_shows_by_the_signed_head(judge, key):
    other = re_forged(60, 20)
    assert judge([*other, status(other)])[1] == 0, "nothing else can show it"
    said, code = judge([*other, status(other), key.sign(WHOLE[:50])], key)
    assert (code, said["differing_heads"]) == (2, 1)
    assert judge([*other, status(other), key.sign(WHOLE[:19])], key)[1] == 0, "that is before"


def test_a_tail_that_is_cut_with_its_status_shows_by_the_signed_head(judge, key):
    said, code = judge([*WHOLE[:40], status(WHOLE, count=40), key.sign(WHOLE)], key)
    assert (code, said["missing"]) == (1, [{"first": 41, "last": 60}])


def test_a_card_that_is_copied_and_run_twice_is_a_fork(judge, key):
    """Both go on from event 40 with the same key; whoever hears both, or the head of the other one, finds it."""
    one, other = re_forged(60, 41), [*WHOLE[:40], *chain_from(WHOLE[39], 41, 55)]
    said, code = judge([*one, status(one), key.sign(one), key.sign(other)], key)
    assert (code, said["differing_heads"]) == (2, 1)
    assert judge([*one, *other[40:], status(one), key.sign(one)], key)[1] == 2, "two versions of one number"
    assert judge([*one, status(one), key.sign(one), key.sign(WHOLE[:40])], key)[1] == 0, "that is before"


def chain_from(before, first, last):
    made, prev = [], digest(before)
    for seq in range(first, last + 1):
        made.append(event(seq, prev, observed={"other": seq}))
        prev = digest(made[-1])
    return made


def test_a_snapshot_that_is_restored_contradicts_what_was_signed_before(judge, key):
    """It goes on from event 40 as if 41 to 60 had never been; their head is kept, and their own is good."""
    again = [*WHOLE[:40], *chain_from(WHOLE[39], 41, 50)]
    said, code = judge([*again, status(again), key.sign(again), key.sign(WHOLE)], key)
    assert (code, said["missing"]) == (1, [{"first": 51, "last": 60}])
    assert judge([*again, *WHOLE[50:], status(WHOLE), key.sign(again), key.sign(WHOLE)], key)[1] == 2
    longer = [*again, *chain_from(again[-1], 51, 70)]
    said, code = judge([*longer, status(longer), key.sign(longer), key.sign(WHOLE)], key)
    assert (code, said["differing_heads"]) == (2, 1)


def test_a_clock_that_is_set_back_is_told(judge, key, witnesses):
    now = int(time.time())
    back = timed([*range(now - 200, now - 170), *range(now - 86400, now - 86370)])
    said, code = judge([*back, status(back), key.sign(back)], key)
    assert (code, said["clock_back"], said["clock_ahead"]) == (0, [{"first": 31, "last": 31}], [])
    restarted = timed(range(now - 9000, now - 8990), NEXT, [{"epoch": EPOCH, "seq": 60, "hash": digest(back[-1]), "why": "return"}])
    assert judge_all(judge, [*back, *restarted])[NEXT]["clock_back"] == [], "a day before it was earlier"
    earlier = timed(range(now - 90000, now - 89990), NEXT, [{"epoch": EPOCH, "seq": 60, "hash": digest(back[-1]), "why": "return"}])
    assert judge_all(judge, [*back, *earlier])[NEXT]["clock_back"] == [1]
    unset = timed([now, now - 86400, now], clock="unsynced")
    assert judge([*unset, status(unset)])[0]["clock_back"] == [], "that clock says of itself that it was never set"


def judge_all(judge, lines):
    judge(lines)  # both agree
    return {epoch: said for (_, _, epoch), said in verification.verify(lines)[0].items()}


def test_a_clock_that_is_ahead_is_shown_by_who_had_seen_it_before(judge, key, witnesses):
    now = int(time.time())
    ahead = timed([*range(now, now + 20), *range(now + 3600, now + 3640)])
    heads = [key.sign(ahead[:n]) for n in (20, 40, 60)]
    lines = [*ahead, status(ahead), *heads, witnesses[0].cosign(heads[1], key)]
    said, code = judge(lines, key, *witnesses)
    assert (code, said["clock_ahead"]) == (0, [{"first": 21, "last": 40}])
    assert judge(lines, key)[0]["clock_ahead"] == [], "nobody known has seen it"


def test_a_tail_that_is_cut_with_its_heads_shows_by_what_was_witnessed(judge, key, witnesses):
    cut, seen = WHOLE[:40], witnesses[0].cosign(key.sign(WHOLE), key)
    said, code = judge([*cut, status(cut), key.sign(cut), seen], key, *witnesses)
    assert (code, said["missing"]) == (1, [{"first": 41, "last": 60}])


def test_an_epoch_put_in_place_of_another_is_not_signed(judge, key):
    other = chain(60, NEXT)
    assert judge([*other, status(other, NEXT)], key)[1] == 1, "by nobody"
    assert judge([*other, status(other, NEXT), key.sign(WHOLE)], key)[1] == 1, "and the other one's head says what is missing"
    assert judge([*other, status(other, NEXT), *WHOLE, status(WHOLE), key.sign(WHOLE)], key)[1] == 2, "and follows nothing"


def test_a_witness_that_is_silenced_is_missed(judge, key, witnesses):
    heads = [key.sign(WHOLE[:n]) for n in (20, 60)]
    lines = [*WHOLE, status(WHOLE), *heads, witnesses[0].cosign(heads[1], key), witnesses[1].cosign(heads[0], key)]
    assert judge(lines, key, *witnesses, witnesses=2)[0]["witnessed"] == 20, "since 20 one of the two says nothing"
    assert judge(lines[:-1], key, *witnesses, witnesses=2)[1] == 1


def test_without_any_signed_head_it_is_not_good_by_a_key(judge, key):
    assert judge([*WHOLE, status(WHOLE)], key)[1] == 1


def test_two_heads_of_one_size_prove_a_fork(judge, key):
    said, code = judge([*WHOLE, status(WHOLE), key.sign(WHOLE), key.sign(re_forged(60, 20))], key)
    assert code == 2 and said["forked"]


def test_a_forged_note_is_found(judge, key):
    note = key.sign(WHOLE)
    said, code = judge([*WHOLE, note.replace(b"\\n60\\n", b"\\n59\\n")], key)
    assert (code, said["forged_heads"]) == (2, 1)


def test_another_key_signs_nothing_here(judge, key, tmp_path):
    other = Key(tmp_path / "other")
    said, code = judge([*WHOLE, other.sign(WHOLE)], key)
    assert (code, said["unknown_heads"], said["signed"]) == (1, 1, 0)
    assert judge([*WHOLE, other.sign(WHOLE), key.sign(WHOLE)], key)[1] == 0
    neighbour = Key(tmp_path / "neighbour", "corridor/cp/gw2")
    assert judge([*WHOLE, key.sign(WHOLE)], neighbour)[1] == 1


def test_a_key_on_p256_signs_as_well(judge, tmp_path):
    key = Key(tmp_path / "p256", kind="--new-p256-key")
    said, code = judge([*WHOLE, status(WHOLE), key.sign(WHOLE)], key)
    assert (code, said["signed"]) == (0, 60)
    said, code = judge([*WHOLE, key.sign(WHOLE).replace(b"\\n60\\n", b"\\n59\\n")], key)
    assert (code, said["forged_heads"]) == (2, 1)
    assert judge([*WHOLE, key.sign(re_forged(60, 20))], key)[1] == 2


def test_a_signature_of_one_known_key_does_not_make_good_for_a_wrong_one_of_another(judge, key, tmp_path):
    other = Key(tmp_path / "other", kind="--new-p256-key")
    head, line = json.loads(key.sign(WHOLE)), json.loads(other.sign(WHOLE))["note"].split("\n\n")[1]
    wrong = json.loads(other.sign(WHOLE[:59]))["note"].split("\n\n")[1]

    def with_line(more):
        return json.dumps(head | {"note": head["note"] + more}, separators=(",", ":"), ensure_ascii=False).encode()

    for keys in ((key, other), (key,), (other,)):
        assert judge([*WHOLE, with_line(line)], *keys)[1] == 0
    said, code = judge([*WHOLE, with_line(wrong)], key, other)
    assert (code, said["forged_heads"]) == (2, 1)
    assert judge([*WHOLE, with_line(wrong)], key)[1] == 0, "of a key that is not known nothing is said"


def with_tombstone(first, last, digest_of=None):
    gap = {"first": first, "last": last, "events": last - first + 1, "hash": digest(WHOLE[last - 1])}
    observed = {"reason": "quota", "class": "telemetry", "epoch": EPOCH, "events": gap["events"], "ranges": [gap]}
    stone = event(61, digest(WHOLE[-1]), kind="journal.evicted", observed=observed)
    return stone, WHOLE[: first - 1] + WHOLE[last:]


def test_what_the_gateway_gave_up_is_told_and_no_loss(judge):
    stone, there = with_tombstone(10, 20)
    said, code = judge([*there, stone, status([*WHOLE, stone])])
    assert (code, said["evicted"]) == (0, [{"first": 10, "last": 20}])
    said, code = judge([*there[:5], *there[7:], stone, status([*WHOLE, stone])])
    assert (code, said["missing"], said["evicted"]) == (1, [{"first": 6, "last": 7}], [{"first": 10, "last": 20}])


def test_a_forged_tombstone_hides_nothing(judge):
    stone, there = with_tombstone(10, 20)
    forged_stone = stone.replace(b'"seq":61', b'"seq":40').replace(digest(WHOLE[-1]).encode(), digest(WHOLE[38]).encode())
    said, code = judge([*there, forged_stone, status(WHOLE)])
    assert code == 2 and said["forged_tombstone"] and said["missing"] == [{"first": 10, "last": 20}]


def test_both_say_the_same_of_whatever_comes(judge, key):
    heads = [key.sign(WHOLE[:n]) for n in (20, 40, 60)]
    for seed in range(150):
        dice = random.Random(seed)
        lines = [*WHOLE, status(WHOLE, count=dice.randint(1, 60)), dice.choice(heads)]
        for _ in range(dice.randint(0, 4)):
            at = dice.randrange(len(lines))
            dice.choice([
                lambda: lines.pop(at) if len(lines) > 1 else None,
                lambda: lines.insert(at, dice.choice(WHOLE)),
                lambda: lines.insert(at, forged(WHOLE[at % 60], at % 60 + 1)),
                lambda: lines.append(lines.pop(at)),
                lambda: lines.insert(at, dice.choice(re_forged(60, 30)[28:])),
                lambda: lines.insert(at, dice.choice(heads)),
                lambda: lines.insert(at, b"{"),
            ])()
        judge(lines, *([key] if dice.random() < 0.7 else []))


def test_a_last_line_that_is_still_being_written_is_no_forgery(tmp_path):
    whole = b"".join(line + b"\n" for line in [status(WHOLE), *WHOLE])
    for bytes_cut, code in ((0, 0), (1, 0), (2, 1), (40, 1), (len(WHOLE[-1]), 1)):
        (tmp_path / "lines").write_bytes(whole[: len(whole) - bytes_cut])
        assert subprocess.run([VERIFY, tmp_path / "lines"], stdout=subprocess.DEVNULL).returncode == code, bytes_cut


def test_what_cannot_be_read_is_told(tmp_path):
    for arguments in ([], ["--key", "x", "/dev/null"], [tmp_path / "none"], ["--rubbish"], ["--keys", tmp_path / "none", "/dev/null"]):
        run = subprocess.run([VERIFY, *arguments], capture_output=True, text=True)
        assert run.returncode == 3 and run.stderr


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the program's")
def test_two_hundred_thousand_events_take_little(tmp_path):
    count, prev = 200_000, ZEROS
    pad = "x" * 350
    with (tmp_path / "lines").open("wb") as file:
        for seq in range(1, count + 1):
            line = event(seq, prev, pad=pad)
            prev = digest(line)
            file.write(line + b"\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    assert subprocess.run([VERIFY, tmp_path / "lines"], stdout=subprocess.DEVNULL).returncode == 0
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{count} events: {time.monotonic() - begin:.1f} s, {spent.ru_utime - before.ru_utime:.1f} s of user time")
    assert spent.ru_utime - before.ru_utime < 6


def test_it_links_neither_the_database_nor_mqtt():
    linked = subprocess.run(["ldd", VERIFY], check=True, capture_output=True, text=True).stdout
    assert "sqlite" not in linked and "mosquitto" not in linked


def test_a_gateways_own_is_good(tmp_path, broker, subscriber, new_daemon, closing):
    name = "corridor/ge-red-bridge/gw1"
    key = Key(tmp_path / "k", name)
    device = closing(TcpServer({1: Unit(holding={0: 1, 1: 1})}).start())
    daemon = new_daemon(
        conf.head(broker.port) + conf.counters(device.port, 1)
        + f'signer {{ key = "{tmp_path}/k/key.pem"  ledger = "{tmp_path}/k/ledger" }}\n'
    ).start()
    subscriber.wait_event("gateway.started")
    until(lambda: any(b'"note"' in m.payload for m in list(subscriber.messages) if m.topic.endswith("/head")), "a signed head")
    daemon.stop()
    subscriber.wait_event("gateway.stopped")

    def judged():
        path = tmp_path / "lines"
        lines = [m.payload for m in list(subscriber.messages) if m.payload and m.topic.split("/")[4] in ("event", "alert", "status", "head")]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        run = subprocess.run([VERIFY, "--json", "--key", key.verifier, path], capture_output=True, text=True)
        said = json.loads(run.stdout)
        return run.returncode == 0 and said["signed"] == said["last"] and said

    assert until(judged, "all is signed and good")["events"] > 1


# ---- handovers -------------------------------------------------------------------------------

UCR = "6GE204567891-INV0001"


def leg_events(checkpoint, *told):
    """A log of these events: (type, what its leg says)."""
    made, prev = [], ZEROS
    for seq, (kind, leg) in enumerate(told, 1):
        line = event(seq, prev, kind=kind, consignment={"ucr": UCR}, leg={"from": "az", "to": "cp", **leg})
        made.append(line.replace(b'"checkpoint":"cp"', b'"checkpoint":"%s"' % checkpoint.encode(), 1))
        prev = digest(made[-1])
    return made


def held_back(judge, left, came):
    said, code = judge([*leg_events("az", *left), *leg_events("cp", *came)])
    assert code == 0
    return [(one["checkpoint"], one["announced"]) for one in said["held_back"]]


def departed(hour):
    return ("leg.departed", {"departed": f"2026-03-02T{hour:02}:10:00.000000Z"})


def missed(hour, **more):
    return ("leg.unannounced", {"arrived": f"2026-03-02T{hour:02}:00:00.000000Z", **more})


def test_a_handover_that_was_held_back_is_named(judge):
    assert held_back(judge, [departed(5)], [missed(7)]) == [("az", 1)]
    assert held_back(judge, [departed(3), departed(5), departed(9)], [missed(7)]) == [("az", 2)], "the last before it came"
    assert held_back(judge, [departed(5)], [missed(7), ("leg.arrived", departed(5)[1])]) == [], "it was heard late"
    assert held_back(judge, [departed(3)], [("leg.arrived", departed(3)[1]), missed(7)]) == [], "that was the time before"
    assert held_back(judge, [departed(9)], [missed(7)]) == [], "that was later"
    assert held_back(judge, [departed(5)], [missed(7, part="MSKU1234565")]) == [], "that was another vehicle"
    assert held_back(judge, [("leg.arrived", {"departed": "x"})], [missed(7)]) == [], "it was never announced"


def test_a_forged_event_of_a_leg_counts_for_nothing(judge):
    left, came = leg_events("az", departed(5), departed(8)), leg_events("cp", missed(7), missed(3))
    other = left[0].replace(b"T05:10", b"T05:11")
    said, code = judge([other, left[1], *came])
    assert code == 2 and said["held_back"] == []
    said, code = judge([*left, came[0].replace(b"T07:00", b"T07:01"), came[1]])
    assert code == 2 and said["held_back"] == []


# ---- witnesses -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def witnesses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("witnesses")
    return [WitnessKey(folder / name, f"corridor/{name}/gw1") for name in ("az", "tr", "am")]


def test_k_of_n_witnesses_have_to_have_seen_it(judge, key, witnesses):
    heads = [key.sign(WHOLE[:n]) for n in (20, 40, 60)]
    lines = [*WHOLE, status(WHOLE), *heads]
    assert judge(lines, key, *witnesses, witnesses=1)[1] == 1, "nobody has"
    lines += [witnesses[0].cosign(heads[1], key), witnesses[1].cosign(heads[0], key), witnesses[0].cosign(heads[0], key)]
    for wanted, size, code in ((0, 40, 0), (1, 40, 0), (2, 20, 0), (3, 0, 1)):
        said, exit_code = judge(lines, key, *witnesses, witnesses=wanted)
        assert (said["witnessed"], exit_code) == (size, code)
    assert said["signed"] == 60
    said, _ = judge(lines, key, *witnesses, witnesses=2)
    assert said["witnessed_by"] == ["corridor/az/gw1", "corridor/tr/gw1"] and said["witnessed_at"] > "2020"
    assert judge(lines, key, witnesses[2], witnesses=1)[1] == 1, "those who have are not known"
    assert judge(lines, *witnesses, witnesses=1)[1] == 1, "nothing is signed by a log that is known"


def test_a_head_that_carries_its_cosignatures_is_enough(judge, key, witnesses):
    head = key.sign(WHOLE[:30])
    note = json.loads(witnesses[0].cosign(head, key))["note"]
    lines = [*WHOLE, status(WHOLE), key.sign(WHOLE, witnessed=note)]
    said, code = judge(lines, key, *witnesses, witnesses=1)
    assert (said["witnessed"], said["signed"], code) == (30, 60, 0)


def test_a_forged_cosignature_is_a_forgery(judge, key, witnesses):
    message = witnesses[0].cosign(key.sign(WHOLE), key)
    said, code = judge([*WHOLE, status(WHOLE), message[:-12] + b"AAAAA" + message[-7:]], key, *witnesses)
    assert code == 2 and said["forged_heads"] == 1


def test_a_past_that_was_rewritten_after_it_was_witnessed_is_altered(judge, key, witnesses):
    """With the gateway's own key: what others have cosigned stands."""
    seen = witnesses[0].cosign(key.sign(WHOLE[:30]), key)
    other = chain(60, word="other")
    said, code = judge([*other, status(other), key.sign(other), seen], key, *witnesses, witnesses=1)
    assert code == 2 and said["differing_heads"] == 1 and said["witnessed"] == 0


def test_one_event_is_proven_by_k_witnesses(key, witnesses, tmp_path):
    head = key.sign(WHOLE[:1])
    note = json.loads(witnesses[0].cosign(head, key))["note"]
    (tmp_path / "event").write_bytes(WHOLE[0])
    keys = [key.verifier, *(w.verifier for w in witnesses)]
    options = [word for one in keys for word in ("--key", one)]
    for of, wanted, code in ((note, 1, 0), (note, 2, 1), (json.loads(head)["note"], 1, 1), (note[:-12] + "AAAAA" + note[-7:], 0, 2)):
        proof = "c2sp.org/tlog-proof@v1\nindex 0\n\n" + of
        (tmp_path / "proof").write_text(proof)
        run = subprocess.run([VERIFY, *options, "--witnesses", str(wanted), "--proof", tmp_path / "proof", tmp_path / "event"])
        assert run.returncode == code == verification.verify_single(WHOLE[0], proof, keys, wanted)
