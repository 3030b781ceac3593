"""corridord-signer and the heads that a gateway publishes, held against the specifications by code
that knows neither (rig/notes.py), and against the events that came."""

import base64
import hashlib
import json
import os
import socket
import subprocess
import time

import pytest
from rig import conf, notes, verification, vouching
from rig.asker import Asker
from rig.daemon import BUILD
from rig.processes import children, name
from rig.waiting import until
from sim.modbus_device import TcpServer, Unit

SIGNER = BUILD / "corridord-signer"
NAME = "corridor/ge-red-bridge/gw1"
ORIGIN = f"{NAME}/00000000000000e1"


def text(data):
    return base64.b64encode(data).decode()


@pytest.fixture
def key(tmp_path):
    made = subprocess.run([SIGNER, "--new-key", tmp_path / "key.pem", NAME], check=True, capture_output=True, text=True)
    return notes.Verifier(made.stdout)


# ---- the signer by itself ------------------------------------------------------------------


class Signer:
    def __init__(self, folder, *more):
        self.folder = folder
        self.socket, theirs = socket.socketpair()
        arguments = [SIGNER, "--of", notes.version_of(SIGNER), folder / "key.pem", folder / "ledger", NAME, *more]
        # what looks for leaks at the end would be another process, which it may not start
        env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        self.process = subprocess.Popen(arguments, stdin=theirs, stderr=subprocess.PIPE, text=True, env=env)
        theirs.close()
        self.file = self.socket.makefile("rw")

    def ask(self, *words):
        self.file.write(" ".join(str(w) for w in words) + "\n")
        self.file.flush()
        return self.file.readline().rstrip("\n")

    def sign(self, leaves, path=(), origin=ORIGIN):
        return self.ask("sign", origin, len(leaves), text(notes.root_of(leaves)), *(text(p) for p in path))

    def stop(self):
        self.file.close()
        self.socket.close()
        assert self.process.wait(10) == 0


@pytest.fixture
def signer(key, tmp_path, closing):
    return closing(Signer(tmp_path))


def leaves(count, word=b"event"):
    return [notes.leaf(word + b" %d" % i) for i in range(count)]


def note_of(answer):
    assert answer.startswith("note "), answer
    return base64.b64decode(answer[5:], validate=True).decode()


def test_its_key_is_for_its_owner_alone_and_is_not_made_twice(key, tmp_path):
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    again = subprocess.run([SIGNER, "--new-key", tmp_path / "key.pem", NAME], capture_output=True, text=True)
    assert again.returncode == 1 and "File exists" in again.stderr
    shown = subprocess.run([SIGNER, "--verifier-key", tmp_path / "key.pem", NAME], capture_output=True, text=True)
    assert notes.Verifier(shown.stdout).key == key.key


def test_openssl_reads_the_key_and_agrees_on_the_public_part(key, tmp_path):
    out = subprocess.run(["openssl", "pkey", "-in", tmp_path / "key.pem", "-pubout", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    assert out[-32:] == key.key


def test_a_key_on_p256_is_one_for_openssl_too(tmp_path, closing):
    made = subprocess.run([SIGNER, "--new-p256-key", tmp_path / "key.pem", NAME], check=True, capture_output=True, text=True)
    key = notes.Verifier(made.stdout)
    words = ["openssl", "pkey", "-in", tmp_path / "key.pem", "-pubout", "-outform", "DER"]
    assert key.type == 2 and key.key == subprocess.run(words, check=True, capture_output=True).stdout
    signer, tree = closing(Signer(tmp_path)), leaves(5)
    for _ in range(20):
        note = note_of(signer.sign(tree))  # each time another one: the signature has a random part, and 70 to 72 bytes
        assert notes.head_of(key.signed(note)) == (ORIGIN, 5, notes.root_of(tree))
        assert key.signed(note.replace("\n5\n", "\n6\n")) is None


def test_what_is_neither_ed25519_nor_p256_is_refused(key, tmp_path):
    for kind in (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-algorithm", "RSA"], ["-algorithm", "X25519"]):
        subprocess.run(["openssl", "genpkey", *kind, "-out", tmp_path / "x.pem"], check=True, capture_output=True)
        shown = subprocess.run([SIGNER, "--verifier-key", tmp_path / "x.pem", NAME], capture_output=True, text=True)
        assert shown.returncode == 1 and "neither an Ed25519 nor a P-256" in shown.stderr
    subprocess.run([SIGNER, "--new-p256-key", tmp_path / "p.pem", NAME], check=True)
    shown = subprocess.run([SIGNER, "--witness-key", tmp_path / "p.pem", NAME], capture_output=True, text=True)
    assert shown.returncode == 1 and "not an Ed25519 one" in shown.stderr


@pytest.mark.parametrize("kind", ["--new-key", "--new-p256-key"])
def test_a_certificate_can_be_requested_for_the_key(kind, tmp_path):
    made = subprocess.run([SIGNER, kind, tmp_path / "key.pem", NAME], check=True, capture_output=True, text=True)
    key = notes.Verifier(made.stdout)
    made = subprocess.run([SIGNER, "--request", tmp_path / "key.pem", NAME], check=True, capture_output=True, text=True)
    words = ["openssl", "req", "-verify", "-noout", "-subject", "-pubkey"]
    seen = subprocess.run(words, input=made.stdout, check=True, capture_output=True, text=True)
    assert "O = corridor, OU = ge-red-bridge, CN = gw1" in seen.stdout.replace("=", " = ").replace("  =  ", " = ")
    public = "".join(seen.stdout.split("-----")[2].split())
    assert base64.b64decode(public).endswith(key.key)
    for wrong in ("corridor/cp", "corridor/cp/gw/more", "corridor//gw", "corridor/cp/" + "x" * 65):
        assert subprocess.run([SIGNER, "--request", tmp_path / "key.pem", wrong], capture_output=True).returncode == 1


def test_a_note_is_as_the_specification_says(signer, key):
    tree = leaves(5)
    note = note_of(signer.sign(tree))
    assert notes.head_of(key.signed(note)) == (ORIGIN, 5, notes.root_of(tree))
    assert key.signed(note.replace("\n5\n", "\n6\n")) is None
    assert note.count("\n") == 5 and note.endswith("\n")


def test_it_signs_what_continues_and_nothing_else(signer, key):
    tree = leaves(40)
    for size in (1, 2, 3, 7, 8, 9, 31, 40):
        last = int(signer.ask("last", ORIGIN).split()[1])
        path = notes.growth(last, tree[:size]) if last else []
        head = notes.head_of(key.signed(note_of(signer.sign(tree[:size], path))))
        assert head == (ORIGIN, size, notes.root_of(tree[:size]))
    other = tree[:20] + leaves(30, b"other")
    assert signer.sign(other, notes.growth(40, other)).startswith("refused it does not continue")
    assert signer.sign(other[:40]).startswith("refused it does not continue")
    assert signer.sign(tree[:39]).startswith("refused it is shorter")
    assert signer.sign(tree + leaves(1, b"x")).startswith("refused it does not continue")
    assert note_of(signer.sign(tree)), "the same head may be signed again"


def test_it_remembers_over_a_restart(signer, tmp_path, closing):
    tree = leaves(10)
    note_of(signer.sign(tree))
    signer.stop()
    again = closing(Signer(tmp_path))
    assert again.ask("last", ORIGIN) == f"last 10 {text(notes.root_of(tree))}"
    assert again.sign(leaves(12, b"other")).startswith("refused")


# ---- a change of keys ----------------------------------------------------------------------


@pytest.fixture(params=["--new-key", "--new-p256-key"])
def newer(request, tmp_path):
    made = subprocess.run([SIGNER, request.param, tmp_path / "newer.pem", NAME], check=True, capture_output=True, text=True)
    return notes.Verifier(made.stdout)


def test_two_keys_sign_a_line_each_and_remember_the_same(key, newer, tmp_path, closing):
    tree = leaves(30)
    alone = closing(Signer(tmp_path))
    note_of(alone.sign(tree[:10]))
    alone.stop()
    (tmp_path / "older.pem").write_bytes((tmp_path / "key.pem").read_bytes())
    (tmp_path / "key.pem").write_bytes((tmp_path / "newer.pem").read_bytes())
    both = closing(Signer(tmp_path, "--also", tmp_path / "older.pem"))
    assert [notes.Verifier(word).id for word in both.ask("keys").split()[1:]] == [newer.id, key.id]
    assert both.sign(leaves(12, b"other")).startswith("refused it does not continue")
    note = note_of(both.sign(tree[:20], notes.growth(10, tree[:20])))
    for one in (key, newer):
        assert notes.head_of(one.signed(note)) == (ORIGIN, 20, notes.root_of(tree[:20]))
    assert note.count("\n") == 6
    both.stop()
    alone = closing(Signer(tmp_path))
    assert alone.sign(tree[:19]).startswith("refused it is shorter")
    note = note_of(alone.sign(tree, notes.growth(20, tree)))
    assert newer.signed(note) and not key.claims(note)


def test_an_old_key_that_is_not_there_is_named(key, tmp_path):
    signer = Signer(tmp_path, "--also", tmp_path / "older.pem")
    assert signer.process.wait(10) == 1
    assert "older.pem" in signer.process.stderr.read()


def test_a_ledger_that_cannot_be_read_is_a_reason_to_sign_nothing(key, tmp_path, closing):
    (tmp_path / "ledger").write_text("rubbish\n")
    signer = Signer(tmp_path)
    assert signer.process.wait(10) == 1
    assert "nothing is signed" in signer.process.stderr.read()


@pytest.mark.parametrize("question", [
    "", "x", "last", "last corridor/ge-red-bridge/gw2/e1", "last corridor/ge-red-bridge/gw1", "sign", f"sign {ORIGIN} 0 x",
    f"sign {ORIGIN} -1 {text(bytes(32))}", f"sign {ORIGIN} 1 {text(bytes(31))}", f"sign {ORIGIN} 0 {text(bytes(32))}",
    f"sign {ORIGIN} 1 {text(bytes(32))} x", f"sign {ORIGIN} 99999999999999999999 {text(bytes(32))}",
    f"sign {ORIGIN} 1 " + f"{text(bytes(32))} " * 45, "sign corridor/ge-red-bridge/gw1/a+b 1 " + text(bytes(32)),
])
def test_what_is_no_question_is_refused(signer, question):
    assert signer.ask(question).startswith("refused")
    assert signer.ask("last", ORIGIN).startswith("last 0 ")


def test_it_serves_no_daemon_of_another_version(key, tmp_path):
    here, theirs = socket.socketpair()
    words = [SIGNER, "--of", "0.0.9", tmp_path / "key.pem", tmp_path / "ledger", NAME]
    refused = subprocess.run(words, stdin=theirs, capture_output=True, text=True)
    theirs.close()
    assert refused.returncode == 1 and "started by corridord 0.0.9" in refused.stderr and here.recv(1) == b""
    here.close()


def test_it_has_no_network(signer):
    status = open(f"/proc/{signer.process.pid}/status").read()
    note_of(signer.sign(leaves(1)))  # it has shut itself in by now
    status = open(f"/proc/{signer.process.pid}/status").read()
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status
    links = {os.readlink(f"/proc/{signer.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{signer.process.pid}/fd")}
    assert len([link for link in links if link.startswith("socket:")]) == 1


TOPIC = "az-ganja/handover/INV%2E0001%2F7"


def vouch(signer, payload=b'{"ucr":"INV.0001/7"}', origin=ORIGIN, topic=TOPIC):
    return signer.ask("vouch", origin, topic, text(hashlib.sha256(payload).digest()))


def test_it_vouches_for_a_handover_in_words_that_are_those_of_nothing_else(signer, key):
    payload = b'{"ucr":"INV.0001/7"}'
    note = note_of(vouch(signer, payload))
    who, when = vouching.check(key.text, "corridor-handover/v1", TOPIC, vouching.with_note(payload, note))
    assert who == ORIGIN and abs(when - time.time()) < 600
    first, second, *_ = key.signed(note).splitlines()
    assert first == "corridor-handover/v1" and not second.isdigit()


@pytest.mark.parametrize("words", [
    ("corridor/ge-red-bridge/gw2/00000000000000e1", TOPIC, text(bytes(32))),
    (NAME, TOPIC, text(bytes(32))),
    (ORIGIN, "az-ganja/gw1/request/release", text(bytes(32))),
    (ORIGIN, "x/handover/" + "y" * 300, text(bytes(32))),
    (ORIGIN, TOPIC, text(bytes(31))),
    (ORIGIN, TOPIC, text(bytes(33))),
    (ORIGIN, TOPIC, text(bytes(32)), text(bytes(32))),
    (ORIGIN, TOPIC),
    (ORIGIN,),
    (),
])
def test_it_vouches_for_no_other_gateway_and_nothing_but_a_handover(signer, words):
    assert signer.ask("vouch", *words) == "refused that is no handover"


def test_no_head_and_no_cosignature_is_got_by_asking_for_a_handover(signer, key):
    for origin in (ORIGIN, f"{NAME}/cosignature/v1"):
        text_signed = key.signed(note_of(vouch(signer, origin=origin)))
        assert text_signed.startswith("corridor-handover/v1\n")
        with pytest.raises(ValueError):
            notes.head_of(text_signed)


# ---- with the daemon -----------------------------------------------------------------------


@pytest.fixture
def device(closing):
    return closing(TcpServer({1: Unit(holding={0: 1}), 2: Unit(holding={0: 1})}).start())


SIGNER_BLOCK = 'signer { key = "key.pem"  ledger = "ledger" }\n'


def site(device):
    status = conf.register("status", 0, map=["0=missing", "1=intact", "2=opened", "3=tampered"])
    return (
        conf.bus("b", device.port)
        + conf.device("reader", "b", 2, status, address_base=0, poll="40ms")
        + 'lane "entry-1" { direction = "entry"  seal "reader" { status = "reader.status" } }\n'
        + SIGNER_BLOCK
    )


@pytest.fixture
def gateway(key, device, broker, subscriber, new_daemon, tmp_path):
    daemon = new_daemon(conf.head(broker.port, requests=True) + site(device))
    for name in ("key.pem",):
        if daemon.folder != tmp_path:
            (daemon.folder / name).write_bytes((tmp_path / name).read_bytes())
            (daemon.folder / name).chmod(0o600)
    return daemon.start()


def notes_heard(subscriber):
    found = []
    for message in list(subscriber.messages):
        if message.topic.endswith("/head") and message.payload:
            said = json.loads(message.payload)
            if "note" in said and (not found or found[-1]["note"] != said["note"]):
                found.append(said)
    return found


def tree_heard(subscriber, epoch):
    events = {e["seq"]: e.message.payload for e in list(subscriber.parsed["event"]) if e["epoch"] == epoch}
    return [notes.leaf(events[seq]) for seq in range(1, max(events, default=0) + 1)]


def check_heads(subscriber, key):
    """Each is signed, is that of the events that came, and continues the one before."""
    last = {}
    for said in notes_heard(subscriber):
        origin, size, root = notes.head_of(key.signed(said["note"]))
        tree = tree_heard(subscriber, origin.split("/")[-1])
        assert root == notes.root_of(tree[:size])
        if origin in last:
            old_size, old_root = last[origin]
            assert said["continues"]["size"] == old_size
            path = [base64.b64decode(p) for p in said["continues"]["path"]]
            assert notes.continues(old_size, old_root, size, root, path)
        last[origin] = size, root
    return last


def signed_up_to(subscriber, key):
    found = notes_heard(subscriber)
    return notes.head_of(key.signed(found[-1]["note"]))[1] if found else 0


def test_heads_are_signed_at_the_start_soon_after_an_alarm_and_at_the_stop(gateway, subscriber, key, device):
    until(lambda: signed_up_to(subscriber, key), "a signed head after the start")
    device.units[2].set(0, 3)
    alarm = subscriber.wait_event("seal.tampered")
    until(lambda: signed_up_to(subscriber, key) >= alarm["seq"], "a signed head after an alarm", 5)
    gateway.stop()
    subscriber.wait_event("gateway.stopped")
    stopped = next(e for e in subscriber.parsed["event"] if e["type"] == "gateway.stopped")
    until(lambda: signed_up_to(subscriber, key) >= stopped["seq"], "a signed head at the stop")
    assert len(check_heads(subscriber, key)) == 1


def test_what_goes_on_after_a_restart_continues_what_was_signed(gateway, subscriber, key):
    until(lambda: signed_up_to(subscriber, key), "a signed head")
    gateway.stop()
    before = signed_up_to(subscriber, key)
    gateway.start()
    until(lambda: signed_up_to(subscriber, key) > before, "another one")
    ((_, (size, _)),) = check_heads(subscriber, key).items()
    assert size > before


def test_a_signer_that_dies_is_started_again_and_capture_goes_on(gateway, subscriber, key, device):
    until(lambda: signed_up_to(subscriber, key), "a signed head")
    (signer,) = [pid for pid in children(gateway.pid) if name(pid) == "corridord-signer"]
    os.kill(signer, 9)
    device.units[2].set(0, 3)
    alarm = subscriber.wait_event("seal.tampered")
    until(lambda: signed_up_to(subscriber, key) >= alarm["seq"], "a signed head", 30)
    check_heads(subscriber, key)


def test_keys_are_changed_with_both_for_a_time_and_events_say_so(gateway, subscriber, key, newer, tmp_path, both):
    def restart_with(block, keys):
        """The first event about keys, and a note of all keys that comes after it."""
        mark = subscriber.mark
        gateway.stop()
        gateway.conf.write_text(gateway.conf.read_text().replace(restart_with.block, block))
        restart_with.block = block
        gateway.start()
        event = subscriber.wait_event("signer.keys", since=mark)
        note = until(lambda: next((h["note"] for h in notes_heard(subscriber) if notes.head_of(h["note"])[1] >= event["seq"]), None), "a head")
        assert all(one.signed(note) for one in keys)
        return event["observed"], note

    restart_with.block = SIGNER_BLOCK
    first = subscriber.wait_event("signer.keys")["observed"]
    assert (first["joined"], first["left"]) == ([key.id.hex()], [])
    (gateway.folder / "newer.pem").write_bytes((tmp_path / "newer.pem").read_bytes())
    said, _ = restart_with('signer { key = "newer.pem"  old_key = "key.pem"  ledger = "ledger" }\n', [key, newer])
    assert (said["joined"], said["left"]) == ([newer.id.hex()], [])
    assert [notes.Verifier(k).id for k in said["keys"]] == [newer.id, key.id]
    said, note = restart_with('signer { key = "newer.pem"  ledger = "ledger" }\n', [newer])
    assert (said["joined"], said["left"]) == ([], [key.id.hex()]) and not key.claims(note)
    gateway.stop()
    mark = subscriber.mark
    gateway.start()
    subscriber.wait_event("gateway.started", since=mark)
    until(lambda: newer.claims(notes_heard(subscriber)[-1]["note"]), "a head")
    assert not subscriber.events("signer.keys", since=mark), "nothing has changed"
    lines = [m.payload for m in subscriber.messages if m.topic.split("/")[4] in ("event", "alert", "head", "status") and m.payload]
    (tmp_path / "lines").write_bytes(b"".join(line + b"\n" for line in lines))
    texts = [said["keys"][0], first["keys"][0]]
    for keys in ([texts[0]], [texts[1]], texts):
        options = [word for one in keys for word in ("--key", one)]
        run = subprocess.run([BUILD / "corridor-verify", *options, tmp_path / "lines"], capture_output=True, text=True)
        assert run.returncode == verification.verify(lines, keys)[1] == 0, run.stdout


def test_without_a_key_all_goes_on_and_the_log_says_why(device, broker, subscriber, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + site(device)).start()
    subscriber.wait_event("seal.intact")
    until(lambda: "heads are not signed" in daemon.logged() and "the key cannot be read" in daemon.logged(), "the reason in the log")
    command = f"corridord-signer --new-key {daemon.folder}/key.pem {NAME}"
    assert command in daemon.logged()
    assert not notes_heard(subscriber)
    assert "corridord-signer" in subscriber.wait_event("signer.failed", alarm="raised")["observed"]["why"]


def test_the_check_of_the_configuration_names_the_command_that_makes_the_key(device, broker, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + site(device))

    def checked():
        return subprocess.run([*daemon.arguments(), "-n"], capture_output=True, text=True)

    lacks = checked()
    assert lacks.returncode == 78
    (command,) = [line.split("corridord-signer ")[1] for line in lacks.stderr.splitlines() if "sudo" in line]
    subprocess.run([SIGNER, *command.split()], check=True, capture_output=True)
    assert checked().returncode == 0
    (daemon.folder / "key.pem").write_text("rubbish")
    assert checked().returncode == 78 and "no PEM file" in checked().stderr


def test_a_signer_that_cannot_sign_is_told_by_an_event_and_that_it_can_again(gateway, subscriber, key):
    until(lambda: signed_up_to(subscriber, key), "a signed head")
    gateway.stop()
    ledger = gateway.folder / "ledger"
    broken = ledger.read_text()
    ledger.write_text("nonsense\n")
    gateway.start()
    why = subscriber.wait_event("signer.failed", alarm="raised")["observed"]["why"]
    assert why
    ledger.write_text(broken)
    assert subscriber.wait_event("signer.failed", alarm="cleared")["observed"]["unsigned_ms"] > 0


# ---- proofs ----------------------------------------------------------------------------------


def verify_c(tmp_path, payload, proof, keys):
    (tmp_path / "event.json").write_bytes(payload)
    (tmp_path / "event.tlog-proof").write_text(proof)
    chosen = [word for key in keys for word in ("--key", key)]
    return subprocess.run([BUILD / "corridor-verify", *chosen, "--proof", tmp_path / "event.tlog-proof", tmp_path / "event.json"]).returncode


@pytest.fixture
def both(tmp_path):
    """What corridor-verify and the one that was written from the page say of one event."""

    def judge(payload, proof, keys):
        said = verify_c(tmp_path, payload, proof, keys)
        assert said == verification.verify_single(payload, proof, keys)
        return said

    return judge


def test_one_event_is_proven_offline(gateway, subscriber, key, device, broker, closing, tmp_path, both):
    asker = closing(Asker(broker)).start()
    device.units[2].set(0, 3)
    alarm = subscriber.wait_event("seal.tampered")
    until(lambda: signed_up_to(subscriber, key) >= alarm["seq"], "a signed head after an alarm", 30)
    verifier = subprocess.run([SIGNER, "--verifier-key", tmp_path / "key.pem", NAME], check=True, capture_output=True, text=True).stdout.strip()
    for seq in range(1, alarm["seq"] + 1):
        answer = asker.ask("prove", epoch=alarm["epoch"], seq=seq)
        assert answer["ok"], answer
        payload = answer["event"].encode()
        assert both(payload, answer["proof"], [verifier]) == 0
    assert payload == alarm.message.payload
    assert both(payload, answer["proof"], []) == 1
    assert both(payload.replace(b"tampered", b"tempered"), answer["proof"], [verifier]) == 2
    other = asker.ask("prove", epoch=alarm["epoch"], seq=alarm["seq"] - 1)["proof"]
    assert both(payload, other, [verifier]) == 2
    magic, _, note = answer["proof"].partition("\n\n")
    assert both(payload, magic + "\n\n" + note.replace(note[-8:-3], "AAAAA"), [verifier]) == 2
    assert verify_c(tmp_path, payload, "c2sp.org/tlog-proof@v2\n", [verifier]) == 3


def test_that_the_log_only_grew_is_shown(gateway, subscriber, key, device, broker, closing):
    asker = closing(Asker(broker)).start()
    subscriber.wait_event("seal.intact")
    for word, kind in ((3, "seal.tampered"), (1, "seal.intact")) * 20:
        mark = subscriber.mark
        device.units[2].set(0, word)
        subscriber.wait_event(kind, since=mark)
    epoch = subscriber.parsed["event"][-1]["epoch"]
    last = len(tree_heard(subscriber, epoch))
    for old, new in [(1, 2), (1, last), (7, 20), (8, 32), (last, last), (last - 1, last)]:
        answer = asker.ask("proof", epoch=epoch, old=old, new=new)
        tree, path = tree_heard(subscriber, epoch), [base64.b64decode(p) for p in answer["path"]]
        assert notes.continues(old, notes.root_of(tree[:old]), new, notes.root_of(tree[:new]), path)
    assert asker.ask("proof", epoch=epoch, old=1, new=10**6)["code"] == "not_there"
    assert asker.ask("proof", epoch="0" * 16, old=1, new=2)["code"] == "not_there"
    assert asker.ask("prove", epoch=epoch, seq=10**6)["code"] == "not_signed"
    assert asker.ask("prove", epoch="0" * 16, seq=1)["code"] == "not_signed"
