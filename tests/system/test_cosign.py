"""corridord-signer as a witness of other logs, held against C2SP's tlog-witness and tlog-cosignature by
code that knows it not (rig/notes.py)."""

import base64
import os
import socket
import subprocess
import time

import pytest
from rig import notes
from rig.daemon import BUILD

SIGNER = BUILD / "corridord-signer"
WITNESS, LOG = "corridor/tr-sarp/gw1", "corridor/ge-red-bridge/gw1"
ORIGIN = f"{LOG}/00000000000000e1"


def text(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def bytes_of(word):
    return base64.b64decode(word, validate=True).decode()


class Signer:
    """One that has a log of its own, and with witness=True cosigns those of others."""

    def __init__(self, folder, name, witness=False):
        folder.mkdir(exist_ok=True)
        self.folder, self.name = folder, name
        self.key = self.make("--new-key", "key.pem")
        words = [SIGNER, "--of", notes.version_of(SIGNER), folder / "key.pem", folder / "ledger", name]
        if witness:
            self.witness = self.make("--new-witness-key", "witness.pem")
            words += [folder / "witness.pem", folder / "cosigned"]
        self.words = words
        self.start()

    def make(self, what, file):
        if (self.folder / file).exists():
            what = what.replace("--new-key", "--verifier-key").replace("--new-witness", "--witness")
        made = subprocess.run([SIGNER, what, self.folder / file, self.name], check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def start(self):
        self.socket, theirs = socket.socketpair()
        # what looks for leaks at the end would be another process, which it may not start
        self.process = subprocess.Popen(self.words, stdin=theirs, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        theirs.close()
        self.file = self.socket.makefile("rw")

    def ask(self, *words):
        self.file.write(" ".join(str(w) for w in words) + "\n")
        self.file.flush()
        return self.file.readline().rstrip("\n")

    def stop(self):
        self.file.close()
        self.socket.close()
        assert self.process.wait(10) == 0


class Log(Signer):
    """Whoever holds a log's key can sign whatever tree: the ledger is his."""

    def head(self, leaves, origin=ORIGIN):
        (self.folder / "ledger").unlink(missing_ok=True)
        self.stop()
        self.start()
        answer = self.ask("sign", origin, len(leaves), text(notes.root_of(leaves)))
        assert answer.startswith("note "), answer
        return bytes_of(answer[5:])


def request(note, old=0, path=()):
    return text(f"old {old}\n" + "".join(text(p) + "\n" for p in path) + "\n" + note)


def leaves(count, word=b"event"):
    return [notes.leaf(word + b" %d" % i) for i in range(count)]


@pytest.fixture
def log(tmp_path, closing):
    return closing(Log(tmp_path / "log", LOG))


@pytest.fixture
def witness(log, tmp_path, closing):
    made = closing(Signer(tmp_path / "witness", WITNESS, witness=True))
    assert made.ask("log", log.key) == "ok"
    return made


def said(answer, word):
    assert answer.startswith(word + " "), answer
    return [bytes_of(part) for part in answer.split(" ")[1:]]


def test_it_cosigns_what_continues_as_the_specification_says(log, witness):
    tree, last = leaves(70), 0
    for size in (1, 2, 3, 7, 8, 21, 64, 70):
        note = log.head(tree[:size])
        before = int(time.time())
        path = notes.growth(last, tree[:size]) if last else []
        (cosigned,) = said(witness.ask("cosign", request(note, last, path)), "cosigned")
        assert cosigned.startswith(note), "the log's own signature stays"
        assert before - 1 <= notes.Verifier(witness.witness).cosigned(cosigned) <= time.time() + 1
        assert notes.Verifier(witness.witness).cosigned(cosigned.replace(f"\n{size}\n", f"\n{size + 1}\n")) is None
        last = size


def cosign(witness, log, tree, size, last=0):
    path = notes.growth(last, tree[:size]) if last else []
    return witness.ask("cosign", request(log.head(tree[:size]), last, path))


def test_who_lost_the_thread_hears_what_was_cosigned_last(log, witness):
    tree = leaves(40)
    said(cosign(witness, log, tree, 20), "cosigned")
    for old in (0, 7, 19, 21):
        (note,) = said(witness.ask("cosign", request(log.head(tree), old, [bytes(32)] * (old > 0))), "conflict")
        assert notes.head_of(notes.Verifier(log.key).signed(note))[1] == 20
        assert notes.Verifier(witness.witness).cosigned(note)
    said(cosign(witness, log, tree, 40, 20), "cosigned")


def test_the_same_head_is_cosigned_again_and_a_smaller_one_is_not(log, witness):
    tree = leaves(40)
    said(cosign(witness, log, tree, 20), "cosigned")
    said(cosign(witness, log, tree, 20, 20), "again")
    (note,) = said(cosign(witness, log, tree, 19), "behind")
    assert notes.head_of(notes.Verifier(log.key).signed(note))[1] == 20


def test_two_heads_of_one_size_are_a_fork(log, witness):
    said(cosign(witness, log, leaves(20), 20), "cosigned")
    first, second = said(cosign(witness, log, leaves(20, b"other"), 20), "forked")
    key = notes.Verifier(log.key)
    assert notes.head_of(key.signed(first)) == (ORIGIN, 20, notes.root_of(leaves(20)))
    assert notes.head_of(key.signed(second)) == (ORIGIN, 20, notes.root_of(leaves(20, b"other")))
    said(cosign(witness, log, leaves(20), 20), "again")


@pytest.mark.parametrize("size", [3, 5, 21, 63])
def test_a_past_that_was_rewritten_is_proven_by_its_own_path(log, witness, size):
    said(cosign(witness, log, leaves(size), size), "cosigned")
    other = leaves(2, b"other") + leaves(98)
    note, path = log.head(other), notes.growth(size, other)
    first, second = said(witness.ask("cosign", request(note, size, path)), "forked")
    assert second == note and notes.head_of(first)[1] == size


def test_a_path_that_leads_nowhere_proves_nothing(log, witness):
    tree = leaves(60)
    said(cosign(witness, log, tree, 21), "cosigned")
    note, path = log.head(tree), notes.growth(21, tree)
    for i in range(len(path)):
        mangled = path[:i] + [bytes(32)] + path[i + 1 :]
        said(witness.ask("cosign", request(note, 21, mangled)), "unproven")
    said(witness.ask("cosign", request(note, 21, path[:-1])), "unproven")
    said(witness.ask("cosign", request(note, 21, path)), "cosigned")


def test_of_a_power_of_two_a_rewritten_past_is_unproven(log, witness):
    said(cosign(witness, log, leaves(16), 16), "cosigned")
    other = leaves(2, b"other") + leaves(38)
    said(witness.ask("cosign", request(log.head(other), 16, notes.growth(16, other))), "unproven")


def test_what_no_known_log_has_signed_is_refused(log, witness, tmp_path, closing):
    stranger = closing(Log(tmp_path / "stranger", LOG))
    assert witness.ask("cosign", request(stranger.head(leaves(3)))).startswith("refused no log that is known")
    other = closing(Log(tmp_path / "other", "corridor/az-lagodekhi/gw1"))
    assert witness.ask("log", other.key) == "ok"
    note = log.head(leaves(3)).replace(LOG, "corridor/az-lagodekhi/gw1")
    assert witness.ask("cosign", request(note)).startswith("refused no log that is known")
    assert log.ask("cosign", request(log.head(leaves(3)))) == "refused nobody is witness here"


@pytest.mark.parametrize("rubbish", ["", "x", "AAAA", text("old 0\n"), text("old 01\n\nx\n"), text("old 0\n\n"), text("old -1\n\nx\n1\ny\n")])
def test_what_is_no_request_is_refused(witness, rubbish):
    assert witness.ask("cosign", rubbish).startswith("refused")
    assert witness.ask("check", rubbish).startswith("refused")


def test_it_remembers_over_a_restart_and_never_forgets_an_epoch(log, witness):
    tree = leaves(5)
    for i in range(16):
        note = log.head(tree, f"{LOG}/{i:016x}")
        said(witness.ask("cosign", request(note)), "cosigned")
    note = log.head(tree, f"{LOG}/{16:016x}")
    assert witness.ask("cosign", request(note)).startswith("refused its log has begun too many epochs")
    witness.stop()
    witness.start()
    assert witness.ask("log", log.key) == "ok"
    said(witness.ask("cosign", request(log.head(leaves(5, b"other"), f"{LOG}/{0:016x}"))), "forked")


def test_a_memory_that_cannot_be_read_is_a_reason_to_sign_nothing(witness):
    witness.stop()
    (witness.folder / "cosigned").write_text("rubbish\n")
    witness.start()
    assert witness.process.wait(10) == 1
    (witness.folder / "cosigned").unlink()
    witness.start()


def test_who_has_cosigned_a_head_of_ours_is_checked(log, witness, tmp_path, closing):
    tree = leaves(5)
    (note,) = said(cosign(witness, log, tree, 5), "cosigned")
    assert log.ask("check", text(note)).startswith("refused no witness that is known")
    assert log.ask("witness", witness.witness) == "ok"
    assert log.ask("check", text(note)) == f"good {WITNESS}"
    assert log.ask("check", text(note.replace("\n5\n", "\n6\n"))).startswith("refused that is no signed head")
    line = note.splitlines(keepends=True)[-1]
    assert log.ask("check", text(note.replace(line, line[:-9] + "AAAAAAA=\n"))).startswith("refused no witness")
    assert witness.ask("check", text(note)).startswith("refused that is no signed head of this log")
