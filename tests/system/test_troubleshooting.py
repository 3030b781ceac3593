"""doc/troubleshooting.md quotes what is said: each fault is made, and the words looked for."""

import os
import pty
import re
import select
import signal
import subprocess
import threading
import tty

import pytest
from rig import conf
from rig.daemon import BINARY, ROOT
from rig.waiting import free_port, until
from sim.lane import Lane
from sim.modbus_device import TcpServer, Unit

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

    def run(beginning, text, uplink=None, **journal):
        pattern = said_of(quoted(beginning))
        daemon = new_daemon(conf.head(uplink or free_port(), journal) + text).start()
        until(lambda: pattern.search(daemon.logged()), lambda: f"{pattern.pattern} in {daemon.logged()}")

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


# ---- the gateway itself ------------------------------------------------------------------------


def test_a_journal_that_cannot_be_written(says):
    says("cannot be used", "", path="/proc/nothing/journal.db")


def test_a_disk_that_is_not_mounted(says, tmp_path):
    says("its disk is not mounted", "", marker=str(tmp_path / "marker"))


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
