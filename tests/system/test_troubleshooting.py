"""doc/troubleshooting.md quotes what is said: each fault is made, and the words looked for."""

import datetime
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import tty

import pytest
from rig import conf
from rig.broker import Broker
from rig.daemon import BINARY, ROOT
from rig.waiting import free_port, until
from sim.lane import Lane
from sim.modbus_device import TcpServer, Unit
from sim.sender import Sender

PAGE = (ROOT / "doc/troubleshooting.md").read_text()
QUOTED = re.findall(r"^\| `(.*?)` \|", PAGE, re.MULTILINE)
OWN = re.compile(r"\b(?:NAME|PATH|N)\b")  # what stands for the reader's own


def said_of(words):
    """The page's words as a pattern of what is said."""
    return re.compile(".*?".join(re.escape(part) for part in OWN.split(words)))


def quoted(beginning):
    (words,) = [words for words in QUOTED if words.startswith(beginning)]
    return words


def literals():
    """What the sources say, each with its neighbours joined as the compiler does."""
    for folder in "daemon", "drivers", "net", "uplink", "readers", "ctl":
        for path in (ROOT / folder).rglob("*.c"):
            text = path.read_text()
            for found in re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', text):
                yield re.sub(r'"\s*"', "", found)[1:-1].replace('\\"', '"')


def test_no_words_are_quoted_that_nobody_says():
    spoken = "\n".join(literals())
    for words in QUOTED:
        parts = [p for p in re.split(r"\b(?:NAME|PATH|N)\b|: | \(exception \d\)", words) if p.strip(' "')]
        missing = [part for part in parts if part.strip() not in spoken and part.strip() not in OF_OTHERS]
        assert not missing, f"{words}: nobody says {missing}"


# By the system, or put together from parts: each of these is made below.
OF_OTHERS = ("Connection refused", "Permission denied", "no answer in", "ms to holding", "is a text, expected a number")


# Where a fault needs more than a daemon: who makes it, and looks for the words.
ELSEWHERE = {
    "is held by": "tests/unit/test_gpio.c",
    "the broker speaks no TLS": "tests/unit/test_uplink_tls.c",
    "the broker does not let": "tests/unit/test_uplink_requests.c",
    "it does nothing until": "tests/bare/test_upgrade.py",
}


def test_each_fault_of_the_page_is_made():
    here = pathlib.Path(__file__).read_text()
    made = re.findall(r'(?:says|quoted)\(\n? *"([^"]+)"', here) + re.findall(r'zip\(wrong, \("([^"]+)", "([^"]+)"\)', here)
    made = [words for found in made for words in ([found] if isinstance(found, str) else found)]
    for words in QUOTED:
        by = [where for beginning, where in ELSEWHERE.items() if words.startswith(beginning)]
        assert by or any(words.startswith(beginning) for beginning in made), f"nobody makes {words}"


# ---- a device or a line -------------------------------------------------------------------


def line(path, unit=1, **options):
    point = 'point "p" { table = "holding"  address = 3 }'
    return (
        f'bus "line" {{ driver = "modbus-rtu"  port = "{path}" {conf_options(options)} }}\n'
        f'device "d" {{ bus = "line"  unit = {unit}  address_base = 0  poll = "200ms"  timeout = "200ms"  {point} }}\n'
    )


def conf_options(options):
    return "  ".join(f"{name} = {value}" for name, value in options.items())


def connection(port, table="holding", address=3, unit=1):
    return (
        f'device "d" {{ driver = "modbus-tcp"  host = "127.0.0.1"  port = {port}  unit = {unit}  address_base = 0'
        f'  poll = "200ms"  timeout = "200ms"  point "p" {{ table = "{table}"  address = {address} }} }}\n'
    )


@pytest.fixture
def says(new_daemon):
    """Runs the configuration until it says what the page quotes."""

    def run(beginning, text, uplink=None, tls=None, settings=None, **journal):
        pattern = said_of(quoted(beginning))
        head = conf.head(uplink or free_port(), journal, **(settings or {}))
        if tls is not None:
            head = head.replace("uplink     {", f"uplink     {{ tls {{ {tls} }} ")
        daemon = new_daemon(head + text).start()
        until(lambda: pattern.search(daemon.logged()), lambda: f"{pattern.pattern} in {daemon.logged()}")
        return daemon

    return run


@pytest.fixture
def terminal():
    ours, theirs = pty.openpty()
    tty.setraw(theirs), tty.setraw(ours)
    yield ours, os.ttyname(theirs)
    os.close(ours), os.close(theirs)


def test_a_silent_line(says, terminal):
    says("no answer in N ms to holding N: power, wiring", line(terminal[1]))


def test_a_silent_unit_of_a_host(says, closing):
    server = closing(TcpServer({1: Unit(holding={3: 7})}))
    server.start()
    says("no answer in N ms to holding N: power, unit", connection(server.port, unit=9))


def test_a_port_that_is_not_there(says):
    says("PATH is not there", line("/dev/ttyNone"))


def test_a_port_where_nothing_listens(says):
    says("cannot connect to NAME port N: Connection", connection(free_port()))


def test_another_map(says, lane):
    says("the device has nothing at this address", connection(lane.server.port, address=7000, unit=3))


@pytest.fixture
def echoing(terminal):
    """A line on which everybody hears himself."""
    line, path = terminal
    over = threading.Event()

    def echo():
        while not over.is_set():
            if select.select([line], [], [], 0.1)[0]:
                os.write(line, os.read(line, 256))

    thread = threading.Thread(target=echo)
    thread.start()
    yield path
    over.set()
    thread.join()


def test_an_adapter_that_hears_itself(says, echoing):
    says("our own question came back", line(echoing))


@pytest.fixture
def speaking(terminal):
    """Makes a line whose other end does as it is told, again and again, until the test is over."""
    line, path = terminal
    over, threads = threading.Event(), []

    def make(does):
        def go():
            while not over.is_set():
                does(line)

        threads.append(threading.Thread(target=go))
        threads[0].start()
        return path

    yield make
    over.set()
    for thread in threads:
        thread.join()


def answers_wrongly(line):
    if select.select([line], [], [], 0.1)[0]:
        os.read(line, 256)
        os.write(line, bytes.fromhex("0103020007ffff"))


def babbles(line):
    if select.select([], [line], [], 0.1)[1]:
        os.write(line, b"\x55" * 8)
    select.select([], [], [], 0.002)


def test_bytes_that_are_changed_on_their_way(says, speaking):
    says("the checksum was wrong", line(speaking(answers_wrongly)))


def test_a_line_that_is_never_silent(says, speaking):
    says("the line is never silent", line(speaking(babbles)))


def test_another_unit_that_answers(says, closing):
    unit = Unit(holding={3: 7})
    unit.answer_as = 2
    server = closing(TcpServer({1: unit}))
    server.start()
    says("unit N answered instead", connection(server.port))


def test_a_port_that_somebody_holds(says, terminal):
    with open(terminal[1], "rb", buffering=0) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        says("PATH is held by another program", line(terminal[1]))


def test_a_port_that_the_account_may_not_open(terminal, new_daemon, closing):
    if os.geteuid() != 0:
        pytest.skip("another account is taken by root alone")
    os.chmod(terminal[1], 0o600)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="corridord-"))
    closing(type("Folder", (), {"stop": staticmethod(lambda: shutil.rmtree(folder))}))
    os.chmod(folder, 0o777)
    programs = folder / "bin"
    shutil.copytree(pathlib.Path(BINARY).parent, programs, ignore=lambda _, names: [n for n in names if n not in PROGRAMS])
    (folder / "main.conf").write_text(conf.head(free_port()) + line(terminal[1]))
    os.chmod(folder / "main.conf", 0o644)
    log = open(folder / "log", "w+b")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    process = subprocess.Popen([*nobody, programs / "corridord", "-c", "main.conf"], cwd=folder, stderr=log)
    try:
        pattern = said_of(quoted("cannot open PATH: Permission denied"))
        until(lambda: pattern.search((folder / "log").read_text()), lambda: (folder / "log").read_text())
    finally:
        process.kill()
        process.wait()


PROGRAMS = ("corridord", "corridord-uplink", "corridord-readers", "corridord-clock", "corridord-signer")


@pytest.fixture
def deaf():
    """A port where nobody takes connections any more, and none is refused."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        waiting.append(one)
    yield listener.getsockname()[1]
    for one in (*waiting, listener):
        one.close()


def test_a_host_that_does_not_answer(says, deaf):
    text = connection(deaf).replace('timeout = "200ms"', 'timeout = "200ms"  connect_timeout = "300ms"')
    says("cannot connect to NAME port N: no answer", text)


def test_a_table_that_the_device_lacks(says, closing):
    unit = Unit(holding={3: 7})
    unit.exception = 1
    server = closing(TcpServer({1: unit}))
    server.start()
    says("the device does not have this table", connection(server.port))


def test_a_gateway_that_waits_longer_than_we(says, closing):
    """Behind it one unit is silent: it says so after 0.6 s, and we ask within 0.2 s."""
    late = Unit(holding={3: 7})
    late.delay_s, late.exception = 0.6, 11
    server = closing(TcpServer({1: late, 2: Unit(holding={3: 7})}))
    server.start()
    point = 'point "p" { table = "holding"  address = 3 }'
    text = f'bus "line" {{ driver = "modbus-tcp"  host = "127.0.0.1"  port = {server.port} }}\n' + "".join(
        f'device "d{unit}" {{ bus = "line"  unit = {unit}  address_base = 0  poll = "200ms"  timeout = "200ms"  retries = 0  {point} }}\n'
        for unit in (1, 2)
    )
    says("its gateway waits N ms for it", text)


SENDER = 'device "d" {{ driver = "line"  {}  end = "LF"  reopen_min = "50ms"  reopen_max = "200ms"  point "p" {{ pattern = "^OK(.*)" }}  {} }}\n'


def test_a_sender_that_is_silent(says, closing):
    sender = closing(Sender())
    says("nothing was heard for N s", SENDER.format(f'host = "127.0.0.1:{sender.port}"', 'silence = "300ms"'))


def test_a_sender_nothing_of_which_is_taken(says, closing):
    sender = closing(Sender())
    daemon_text = SENDER.format(f'host = "127.0.0.1:{sender.port}"', 'format = "json"')
    daemon_text = daemon_text.replace('pattern = "^OK(.*)"', 'path = "/plate"')
    over = threading.Event()

    def send():
        while not over.wait(0.01):
            if sender.connections:
                sender.send("something else\n")

    thread = threading.Thread(target=send)
    thread.start()
    try:
        says("nothing of what it sends is taken", daemon_text)
    finally:
        over.set()
        thread.join()


def test_a_sender_that_has_not_come(says):
    says("it has not connected yet", SENDER.format(f'listen = "127.0.0.1:{free_port()}"  from = {{"127.0.0.1"}}', ""))


def test_a_sender_that_hangs_up(says, closing):
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up():
        try:
            while True:
                listener.accept()[0].close()
        except OSError:
            pass

    thread = threading.Thread(target=hang_up)
    thread.start()
    try:
        says("the connection has ended", SENDER.format(f'host = "127.0.0.1:{listener.getsockname()[1]}"', ""))
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def status(daemon):
    words = [pathlib.Path(BINARY).parent / "corridorctl", "-s", daemon.folder / "control", "status", "--all"]
    return subprocess.run(words, capture_output=True, text=True, timeout=60).stdout


def test_a_device_that_comes_and_goes(new_daemon, closing):
    unit = Unit(holding={3: 7})
    server = closing(TcpServer({1: unit}))
    server.start()
    quick = 'timeout = "100ms"  retries = 0  fail_after = 1  retry_min = "100ms"  retry_max = "200ms"'
    daemon = new_daemon(conf.head(free_port()) + connection(server.port).replace('timeout = "200ms"', quick)).start()

    def is_told():
        unit.silent = not unit.silent
        return said_of(quoted("comes and goes")).search(status(daemon))

    until(is_told, lambda: status(daemon))


def test_a_line_that_the_board_calls_otherwise(says):
    says("found, see gpioinfo", 'device "d" { driver = "gpio"  chip = "nowhere"  point "p" { line = "up"  bias = "disabled" } }\n')


# ---- the configuration ----------------------------------------------------------------------


def checked(folder, text):
    (folder / "corridord.conf").write_text(text)
    if not (folder / "profiles").exists():
        (folder / "profiles").symlink_to(ROOT / "etc/profiles")
    return subprocess.run(
        [BINARY, "-n", "-c", folder / "corridord.conf"], capture_output=True, text=True, timeout=30
    ).stderr


READER = (
    'device "r" { driver = "modbus-tcp"  host = "127.0.0.1"  unit = 3  profile = "generic-seal-reader" }\n'
    'lane "l" { direction = "entry"  seal "s" { id = "r.seal-id"  status = "r.%s"  battery = "r.%s" } }\n'
)


def test_a_text_for_a_number_and_a_typing_error(tmp_path):
    head = conf.head(free_port())
    assert said_of(quoted("is a text")).search(checked(tmp_path, head + READER % ("status", "seal-id")))
    assert said_of(quoted("did you mean")).search(checked(tmp_path, head + READER % ("statsu", "battery")))


# ---- the uplink ------------------------------------------------------------------------------


def test_a_broker_that_is_not_there(says):
    says("is the broker running", "")


def test_an_account_that_is_not_let_in(says, new_broker):
    broker = new_broker(start=False)
    broker.start(anonymous=False)
    says("check username", "", uplink=broker.port)


def test_a_broker_that_takes_no_events(says, new_broker, tmp_path):
    below = "corridor/v1/ge-red-bridge/gw1"
    allowed = "".join(f"topic write {below}/{level}\n" for level in ("status", "state/#", "metrics", "head"))
    (tmp_path / "acl").write_text("topic read corridor/#\n" + allowed)
    broker = new_broker(extra=f"acl_file {tmp_path / 'acl'}")
    says("check the broker's access list and limits", "", uplink=broker.port)


def test_a_broker_whose_name_nobody_knows(says):
    says("host name not found", "", settings={"host": "no-such-host.invalid"})


def test_a_broker_behind_a_firewall(says, deaf):
    says("check the network, the port and the firewall", "", uplink=deaf, settings={"connect_timeout": "1s"})


@pytest.fixture
def secret(authority, tmp_path, closing):
    """Starts a broker with TLS and this certificate, and returns its port."""

    def start(cert=f"{authority}/localhost.crt", key=f"{authority}/localhost.key", address="127.0.0.1"):
        port = free_port()
        extra = f"listener {port} {address}\ncertfile {cert}\nkeyfile {key}\n"
        closing(Broker(tmp_path / "secret", extra=extra)).start()
        return port

    return start


def test_a_certificate_of_another_authority(says, secret, authority):
    says("not issued by tls ca", "", uplink=secret(), tls=f'ca = "{authority}/gw1.crt"')


def test_a_certificate_for_another_name(says, secret, authority):
    port = secret(address="127.0.0.2")
    says("the certificate is for another name", "", tls=f'ca = "{authority}/ca.crt"', settings={"host": f"127.0.0.2:{port}"})


def test_a_certificate_that_is_too_old(says, secret, authority, tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    issuer = x509.load_pem_x509_certificate((authority / "ca.crt").read_bytes())
    key = serialization.load_pem_private_key((authority / "ca.key").read_bytes(), None)
    good = x509.load_pem_x509_certificate((authority / "localhost.crt").read_bytes())
    begins = datetime.datetime(2020, 1, 1)
    old = (
        x509.CertificateBuilder()
        .subject_name(good.subject)
        .issuer_name(issuer.subject)
        .public_key(good.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=1))
        .add_extension(good.extensions.get_extension_for_class(x509.SubjectAlternativeName).value, False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "old.crt").write_bytes(old.public_bytes(serialization.Encoding.PEM))
    says("renew the broker's", "", uplink=secret(cert=tmp_path / "old.crt"), tls=f'ca = "{authority}/ca.crt"')


def test_a_key_of_another_certificate(says, authority, tmp_path):
    tls = f'ca = "{authority}/ca.crt"  cert = "{authority}/gw1.crt"  key = "{authority}/localhost.key"'
    says("tls key does not belong to tls cert", "", tls=tls)


def test_a_broker_that_hangs_up_on_tls(says, broker, authority):
    says("is it a TLS port?", "", uplink=broker.port, tls=f'ca = "{authority}/ca.crt"')


def test_a_password_that_cannot_be_read(says, broker, tmp_path):
    (tmp_path / "password").write_text("")
    settings = {"username": "gw1", "password_file": str(tmp_path / "password")}
    says("cannot read the password in PATH", "", uplink=broker.port, settings=settings)


def test_a_copied_card(says, broker, new_daemon):
    new_daemon(conf.head(broker.port), folder="copy").start()
    says("does another gateway use this client_id", "", uplink=broker.port)


# ---- the gateway itself ------------------------------------------------------------------------


def test_a_journal_that_cannot_be_written(says):
    says("cannot be used", "", path="/proc/nothing/journal.db")


def test_a_disk_that_is_not_mounted(says, tmp_path):
    says("its disk is not mounted", "", marker=str(tmp_path / "marker"))


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a small filesystem is mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk(says, small_disk, load):
    def fill():
        with open(small_disk / "log", "wb", buffering=0) as log:
            try:
                while True:
                    log.write(b"x" * 4096)
            except OSError:
                pass

    journal = {"path": str(small_disk / "journal.db"), "fallback": "/proc/nothing/journal.db", "quota": "1MiB"}
    daemon = says("not synchronised", conf.counters(load.port), **journal)
    fill()
    pattern = said_of(quoted("cannot be written: NAME"))
    until(lambda: pattern.search(daemon.logged()), lambda: daemon.logged())
    until(lambda: said_of(quoted("journal: its disk is full")).search(status(daemon)), lambda: status(daemon))


def test_a_clock_that_is_not_set(says):
    says("not synchronised", "")


def test_a_second_daemon(new_daemon):
    first = new_daemon(conf.head(free_port())).start()
    second = subprocess.run(first.arguments(), capture_output=True, text=True, timeout=60, cwd=first.folder)
    assert second.returncode != 0
    assert said_of(quoted("in use by another")).search(second.stderr)


def test_a_number_in_another_order(says, closing):
    server = closing(TcpServer({1: Unit(holding={3: 2350, 4: 0})}))
    server.start()
    text = connection(server.port).replace("address = 3", 'address = 3  type = "u32"  scale = 0.1  max = 400')
    says("is out of range", text + 'meter "m" { value = "d.p"  unit = "V" }\n')


def test_a_list_with_a_mistake(says, tmp_path):
    path = tmp_path / "aeo.csv"
    path.write_text('#{"list":{"kind":"aeo","version":"1","as_of":"2026-03-01"}}\ncountry,scheme\nGEO,x\n')
    says("is refused", f'registry {{ files = {{"{path}"}} }}\n')


def test_a_reload_with_a_mistake_and_one_that_needs_a_restart(new_daemon):
    daemon = new_daemon(conf.head(free_port())).start()
    wrong = conf.head(free_port()) + "nonsense { }\n", conf.head(free_port(), {"path": "other.db"})
    for text, words in zip(wrong, ("is not taken", "needs a restart")):
        daemon.conf.write_text(text)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: said_of(quoted(words)).search(daemon.logged()), words)
