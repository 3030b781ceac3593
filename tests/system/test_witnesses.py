"""Three gateways of three states, each the witness of the other two: each rewrites its past in turn, with
its own keys, its card and the broker in its hands, and the others find it."""

import base64
import json
import shutil
import socket
import subprocess

import pytest
from rig import notes
from rig.corridor import PLACES, SIGNER, Gateway
from rig.mqtt import new_client
from rig.waiting import until

@pytest.fixture
def corridor(closing, tmp_path, broker, new_daemon):
    made = {country: Gateway(country, closing, tmp_path) for country in PLACES}
    for gateway in made.values():
        others = [o for o in made.values() if o is not gateway]
        gateway.daemon = new_daemon(gateway.site(broker, others), folder=gateway.country).start()
    return made


def cosigned(subscriber, log, witness):
    """(epoch, size) of all that this witness has published of that log, checked."""
    found = []
    topic = f"/{log.place}/gw1/witness/{witness.place}/gw1"
    for message in list(subscriber.messages):
        if message.topic.endswith(topic) and message.payload:
            note = json.loads(message.payload)["note"]
            origin, size, _ = notes.head_of(notes.Verifier(log.log).signed(note))
            assert notes.Verifier(witness.witness).cosigned(note)
            found.append((origin.split("/")[-1], size))
    return found


def events_of(subscriber, gateway, kind, since=0):
    return [e for e in subscriber.events(kind, since=since) if e["checkpoint"] == gateway.place]


def pairs(corridor):
    return [(log, witness) for log in corridor.values() for witness in corridor.values() if log is not witness]


def wait_all_cosigned(subscriber, corridor):
    for log, witness in pairs(corridor):
        until(lambda: cosigned(subscriber, log, witness), f"{witness.country} cosigns heads of {log.country}", 60)


def test_each_cosigns_the_others_and_says_so(corridor, subscriber):
    wait_all_cosigned(subscriber, corridor)
    for log, witness in pairs(corridor):
        told = until(
            lambda: [e for e in events_of(subscriber, witness, "journal.witnessed") if e["observed"]["origin"].startswith(log.name + "/")],
            "journal.witnessed",
        )
        assert told[-1]["observed"]["size"] > 0
    for gateway in corridor.values():
        others = [o for o in corridor.values() if o is not gateway]

        def both():
            for message in reversed(list(subscriber.of("head"))):
                said = json.loads(message.payload)
                if f"/{gateway.place}/" not in message.topic or "witnessed" not in said:
                    continue
                note = said["witnessed"]
                assert notes.Verifier(gateway.log).signed(note)
                if all(notes.Verifier(o.witness).cosigned(note) for o in others):
                    return note
            return None

        until(both, f"both cosignatures in a head of {gateway.country}", 60)
    assert not subscriber.events("journal.forked") and not subscriber.events("journal.unproven")


def test_keys_of_a_log_are_changed_while_each_witness_knows_one_of_them(corridor, subscriber):
    """ge signs with both; az still knows the old key alone, tr the new one alone already."""
    wait_all_cosigned(subscriber, corridor)
    ge, az, tr = corridor.values()
    old = ge.log
    new = ge.make("--new-p256-key", "newer.pem")
    for gateway, before, after in ((ge, f'key = "{ge.keys}/key.pem"', f'key = "{ge.keys}/newer.pem"  old_key = "{ge.keys}/key.pem"'),
                                   (tr, old, new)):
        gateway.daemon.stop()
        text = gateway.daemon.conf.read_text()
        assert before in text
        gateway.daemon.conf.write_text(text.replace(before, after, 1))
    for gateway in (tr, ge):
        gateway.daemon.start()
    number = notes.Verifier(new).id.hex()
    told = until(lambda: [e for e in events_of(subscriber, ge, "signer.keys") if number in e["observed"]["joined"]], "signer.keys")[0]

    def gathered():
        for message in reversed(list(subscriber.of("head"))):
            said = json.loads(message.payload)
            note = said.get("witnessed") if f"/{ge.place}/" in message.topic else None
            if note and notes.head_of(note)[1] >= told["seq"] and all(notes.Verifier(w.witness).cosigned(note) for w in (az, tr)):
                return note
        return None

    note = until(gathered, "both cosignatures in a head that has the change of keys", 60)
    assert notes.Verifier(old).signed(note) and notes.Verifier(new).signed(note)
    assert not subscriber.events("journal.forked")


def test_a_neighbour_costs_less_than_a_kilobyte_an_hour(corridor, subscriber):
    """Of what went over the link for one head of ge at az and back; in a log of a million events the proof has 21 hashes."""
    wait_all_cosigned(subscriber, corridor)
    ge, az, _ = corridor.values()

    def largest(*topic):
        found = [m for m in list(subscriber.messages) if m.topic.endswith("/".join(topic)) and m.payload]
        return max((len(m.topic) + len(m.payload) for m in found if b"old 0" in m.payload or topic[2] == "witness"), default=0)

    asked = until(lambda: largest(az.place, "gw1", "cosign", ge.place, "gw1"), "a request") + 21 * (44 + 2)
    answered = until(lambda: largest(ge.place, "gw1", "witness", az.place, "gw1"), "an answer")
    both_ways = 2 * (asked + answered)
    print(f"asked {asked}, answered {answered}: {both_ways / 4:.0f} bytes an hour both ways, {both_ways} in one with an alarm")
    assert both_ways / 4 < 1000


def alarm(gateway, subscriber):
    """A seal is tampered with, for which a head is signed at once, and whole again."""
    numbers = []
    for word, kind in ((3, "seal.tampered"), (1, "seal.intact")):
        mark = subscriber.mark
        gateway.device.units[2].set(0, word)
        numbers.append(until(lambda: events_of(subscriber, gateway, kind, mark), kind)[0]["seq"])
    return numbers[0]


def test_a_head_that_comes_once_more_is_told_once(corridor, broker, subscriber):
    """After a broker that forgot everything each gateway says again what is to be retained."""
    wait_all_cosigned(subscriber, corridor)
    seq = alarm(corridor["ge"], subscriber)
    until(lambda: max(cosigned(subscriber, corridor["ge"], corridor["tr"]))[1] >= seq, "tr has cosigned that", 60)
    broker.kill()
    broker.restart_for(subscriber)
    seq = alarm(corridor["ge"], subscriber)
    until(lambda: max(cosigned(subscriber, corridor["ge"], corridor["tr"]))[1] >= seq, "tr has cosigned that", 60)
    told = [(e["checkpoint"], e["observed"]["origin"], e["observed"]["size"])
            for e in {e.key: e for e in subscriber.events("journal.witnessed")}.values()]
    assert len(told) == len(set(told))
    assert not subscriber.events("journal.unproven") and not subscriber.events("journal.forked")


def forget(broker, gateway):
    """All that the broker has retained of it."""
    client = new_client("adversary")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    prefix = f"corridor/v1/{gateway.place}/gw1"
    topics = [f"{prefix}/status", f"{prefix}/head"]
    topics += [f"{prefix}/witness/{p}/gw1" for p in PLACES.values()]
    for topic in topics:
        client.publish(topic, b"", 1, True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("country", PLACES)
def test_who_rewrites_his_past_is_found_by_the_others(country, corridor, broker, subscriber, tmp_path):
    """A card that was copied early, put back with its ledger and keys, and a broker that was made to forget."""
    wrong = corridor[country]
    others = [o for o in corridor.values() if o is not wrong]
    wait_all_cosigned(subscriber, corridor)
    wrong.daemon.stop()
    shutil.copytree(wrong.daemon.folder, tmp_path / "copied", symlinks=True, ignore=shutil.ignore_patterns("notify", "control*"))
    wrong.daemon.start()
    until(lambda: events_of(subscriber, wrong, "seal.intact"), "it is at work")
    honest = [alarm(wrong, subscriber) for _ in range(4)][-1]
    for other in others:
        until(lambda: max(cosigned(subscriber, wrong, other))[1] >= honest, f"{other.country} has cosigned that", 60)
    wrong.daemon.stop()
    shutil.rmtree(wrong.daemon.folder)
    shutil.copytree(tmp_path / "copied", wrong.daemon.folder, symlinks=True)
    forget(broker, wrong)
    mark = subscriber.mark
    wrong.daemon.start()

    def found(witness):
        told = events_of(subscriber, witness, "journal.unproven", mark) + events_of(subscriber, witness, "journal.forked", mark)
        return [e for e in told if e["observed"]["origin"].startswith(wrong.name + "/")]

    until(lambda: events_of(subscriber, wrong, "gateway.started", mark), "it is at work")
    for _ in range(8):  # it goes beyond what was cosigned of it
        alarm(wrong, subscriber)
    for other in others:
        until(lambda: found(other), f"{other.country} finds it", 60)
    assert not [e for e in subscriber.events("journal.forked") + subscriber.events("journal.unproven") if not e["observed"]["origin"].startswith(wrong.name)]


def test_a_fork_is_told_with_both_signed_heads(corridor, broker, subscriber):
    """Whoever has the key signs another past of the size that was cosigned."""
    wrong, witness = corridor["ge"], corridor["tr"]
    wait_all_cosigned(subscriber, corridor)
    wrong.daemon.stop()
    epoch, size = cosigned(subscriber, wrong, witness)[-1]
    origin = f"{wrong.name}/{epoch}"
    note = forged(wrong, origin, size)
    client = new_client("adversary")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    payload = json.dumps({"schema": "corridord.cosign/1", "request": "old 0\n\n" + note}, ensure_ascii=False)
    topic = f"corridor/v1/{witness.place}/gw1/cosign/{wrong.place}/gw1"
    client.publish(topic, payload.encode(), 1, True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    told = until(lambda: events_of(subscriber, witness, "journal.forked"), "the fork is told")[0]
    key = notes.Verifier(wrong.log)
    first, second = notes.head_of(key.signed(told["observed"]["first"])), notes.head_of(key.signed(told["observed"]["second"]))
    assert first[:2] == second[:2] == (origin, size) and first[2] != second[2]
    assert told["severity"] == "critical" and told["observed"]["second"] == note


def forged(gateway, origin, size):
    here, theirs = socket.socketpair()
    words = [SIGNER, "--of", notes.version_of(SIGNER), gateway.keys / "key.pem", gateway.keys / "forged", gateway.name]
    process = subprocess.Popen(words, stdin=theirs)
    theirs.close()
    root = base64.b64encode(bytes(32)).decode()
    here.sendall(f"sign {origin} {size} {root}\n".encode())
    answer = here.makefile().readline()
    here.close()
    process.wait(10)
    return base64.b64decode(answer.split(" ")[1]).decode()
