"""The evidence key in a token (SoftHSM, PKCS #11) and in a TPM (swtpm): made by their own tools, used by
corridord-signer within its sandbox, by the daemon, and held against the public part by other code."""

import base64
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from rig import conf, notes
from rig.daemon import BUILD
from rig.waiting import free_port, until

SIGNER = BUILD / "corridord-signer"
NAME = "corridor/ge-red-bridge/gw1"
ORIGIN = f"{NAME}/00000000000000e1"
SOFTHSM = next((p for p in map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")) if p.exists()), None)


def openssl_has(*names):
    folders = Path("/usr/lib").glob("*/ossl-modules"), Path("/usr/lib").glob("*/engines-3")
    return any((folder / name).exists() for group in folders for folder in group for name in names)


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60, **more).stdout


@pytest.fixture
def token(tmp_path, monkeypatch):
    if not (SOFTHSM and shutil.which("softhsm2-util") and shutil.which("pkcs11-tool")):
        pytest.skip("softhsm2 and opensc are not installed")
    if not openssl_has("pkcs11.so"):
        pytest.skip("neither pkcs11-provider nor libengine-pkcs11-openssl is installed")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    (tmp_path / "pin").write_text("1234\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm.conf"))
    for name in ("PKCS11_PROVIDER_MODULE", "PKCS11_MODULE_PATH"):
        monkeypatch.setenv(name, str(SOFTHSM))
    run("softhsm2-util", "--init-token", "--free", "--label", "corridor", "--pin", "1234", "--so-pin", "4321")

    def make(kind="EC:prime256v1", name="evidence"):
        run("pkcs11-tool", "--module", SOFTHSM, "--login", "--pin", "1234", "--token-label", "corridor", "--keypairgen",
            "--key-type", kind, "--label", name, "--id", "01")
        return f"pkcs11:token=corridor;object={name}?pin-source=file:{tmp_path}/pin"

    return make


@pytest.fixture
def tpm(tmp_path, monkeypatch):
    if not (shutil.which("swtpm") and shutil.which("tpm2_create") and shutil.which("socat")):
        pytest.skip("swtpm, tpm2-tools and socat are not all installed")
    if not openssl_has("tpm2.so"):
        pytest.skip("tpm2-openssl is not installed")
    (tmp_path / "tpm").mkdir()
    port, control = free_port(), free_port()
    words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={tmp_path}/tpm", "--server", f"type=tcp,port={port}",
             "--ctrl", f"type=tcp,port={control}", "--flags", "not-need-init,startup-clear"]
    process = subprocess.Popen(words)

    def listens():
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", control)) == 0

    until(listens, "swtpm listens")
    # a pipe that is there from the start, as /dev/tpmrm0 is: the signer opens no socket when it signs
    monkeypatch.setenv("TPM2OPENSSL_TCTI", f"cmd:socat - TCP:127.0.0.1:{port}")
    monkeypatch.setenv("TPM2TOOLS_TCTI", f"cmd:socat - TCP:127.0.0.1:{port}")
    yield tmp_path / "tpm"
    process.terminate()
    process.wait(10)


def wrapped(folder):
    words = ["openssl", "genpkey", "-provider", "tpm2", "-provider", "default", "-algorithm", "EC", "-pkeyopt", "group:P-256"]
    run(*words, "-out", folder / "wrapped.pem")
    assert (folder / "wrapped.pem").read_text().startswith("-----BEGIN TSS2 PRIVATE KEY-----")
    return str(folder / "wrapped.pem")


def persistent(folder):
    run("tpm2_createprimary", "-Q", "-C", "o", "-G", "ecc", "-c", folder / "primary")
    run("tpm2_flushcontext", "-t")
    run("tpm2_create", "-Q", "-C", folder / "primary", "-G", "ecc256:ecdsa", "-u", folder / "public", "-r", folder / "private")
    run("tpm2_flushcontext", "-t")
    run("tpm2_load", "-Q", "-C", folder / "primary", "-u", folder / "public", "-r", folder / "private", "-c", folder / "key")
    run("tpm2_evictcontrol", "-Q", "-C", "o", "-c", folder / "key", "0x81000100")
    run("tpm2_flushcontext", "-t")
    return "handle:0x81000100"


def sign_three(key, folder):
    """The key's verifier, held against its certificate request and against three notes."""
    verifier = notes.Verifier(run(SIGNER, "--verifier-key", key, NAME))
    request = run(SIGNER, "--request", key, NAME)
    public = run("openssl", "req", "-verify", "-noout", "-pubkey", input=request)
    assert base64.b64decode("".join(public.split("-----")[2].split())).endswith(verifier.key)
    ours, theirs = socket.socketpair()
    words = [SIGNER, "--of", notes.version_of(SIGNER), key, folder / "ledger", NAME]
    process = subprocess.Popen(words, stdin=theirs, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    theirs.close()
    with ours, ours.makefile("rw") as file:
        for size in (1, 2, 3):
            tree = [notes.leaf(b"event %d" % i) for i in range(size)]
            path = notes.growth(size - 1, tree) if size > 1 else []
            hashes = " ".join(base64.b64encode(h).decode() for h in [notes.root_of(tree), *path])
            file.write(f"sign {ORIGIN} {size} {hashes}\n")
            file.flush()
            word, _, note = file.readline().strip().partition(" ")
            assert word == "note", (word, note)
            assert notes.head_of(verifier.signed(base64.b64decode(note).decode())) == (ORIGIN, size, notes.root_of(tree))
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status
    assert process.wait(10) == 0
    return verifier


def test_a_token_signs_with_p256(token, tmp_path):
    assert sign_three(token(), tmp_path).type == 2


def test_a_token_signs_with_ed25519_where_openssl_has_a_provider_for_it(token, tmp_path):
    if not any(Path("/usr/lib").glob("*/ossl-modules/pkcs11.so")):
        pytest.skip("libp11's engine knows no Ed25519: it takes pkcs11-provider, of Debian 13")
    assert sign_three(token("EC:edwards25519"), tmp_path).type == 1


def test_a_wrong_pin_or_one_in_the_name_is_refused(token, tmp_path):
    key = token()
    (tmp_path / "wrong").write_text("9999\n")
    for wrong, why in ((key.replace("/pin", "/wrong"), "the PIN right?"), (key.replace("/pin", "/none"), "PIN cannot be read"),
                       (key.split("?")[0] + "?pin-value=1234", "no PIN itself"), (key.replace("object=evidence", "object=no"), "no such key")):
        told = subprocess.run([SIGNER, "--verifier-key", wrong, NAME], capture_output=True, text=True, timeout=60)
        assert told.returncode == 1 and why in told.stderr


@pytest.mark.parametrize("kind", [wrapped, persistent])
def test_a_tpm_signs(tpm, tmp_path, kind):
    assert sign_three(kind(tpm), tmp_path).type == 2


def test_the_daemon_has_heads_signed_by_a_token(token, broker, subscriber, new_daemon):
    key = token()
    daemon = new_daemon(conf.head(broker.port) + f'signer {{ key = "{key}"  ledger = "ledger" }}\n')
    verifier = notes.Verifier(run(SIGNER, "--verifier-key", key, NAME))
    assert key in run(*daemon.arguments(), "--print-config")
    daemon.start()

    def signed():
        said = [json.loads(m.payload) for m in list(subscriber.of("head")) if m.payload]
        return any(verifier.signed(head["note"]) for head in said if "note" in head)

    until(signed, "a head that the token has signed")
