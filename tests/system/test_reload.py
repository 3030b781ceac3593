"""A changed configuration is taken while everything else goes on."""

import hashlib
import os
import random
import signal
import subprocess
from types import SimpleNamespace

import pytest
from rig import conf, vouching
from rig.broker import Broker
from rig.control import Control
from rig.daemon import BUILD
from rig.readings import Readings
from rig.waiting import free_port, until
from sim.modbus_device import TcpServer, Unit

CTL = BUILD / "corridorctl"
FINE, WARNINGS, FAULTS, FAILED = range(4)
WALK = int(os.environ.get("RELOADS", "25"))  # random configurations, one after the other
POLLS = int(os.environ.get("POLLS", "2500"))  # of two values each


class Site:
    """A daemon, its file, and who asks it to take that again."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.socket = daemon.folder / "control"

    def ctl(self, *words):
        return subprocess.run([CTL, "--socket", self.socket, *words], capture_output=True, text=True, timeout=120)

    def reload(self, text):
        self.daemon.conf.write_text(text)
        for _ in range(4):
            self.daemon.notify.listen(0.001)  # it is told of each
        return self.ctl("reload")

    def taken(self, text):
        run = self.reload(text)
        assert run.returncode == FINE, run.stderr
        return run.stdout

    def ask(self, method, **members):
        control = Control(self.socket)
        try:
            return control.ask(method, **members)
        finally:
            control.close()

    def list(self, method):
        control = Control(self.socket)
        try:
            return control.ask_all(method)
        finally:
            control.close()

    def printed(self):
        return subprocess.run([self.daemon.binary, "-c", self.daemon.conf, "--print-config"], capture_output=True, check=True).stdout


def notes_key(name, secret):
    return vouching.Key(name, secret * 32).verifier


@pytest.fixture
def new_site(new_daemon):
    return lambda text, **options: Site(new_daemon(text, **options).start())


@pytest.fixture
def fast(closing):
    return closing(Readings(poll="5ms")).start()


@pytest.fixture
def plain(closing):
    """A device of constant values."""
    return closing(TcpServer({1: Unit(holding=dict.fromkeys(range(200), 7))}).start())


def meters(server, count, name="plain", **given):
    given = {"address_base": 0, "poll": "50ms"} | given
    points = "".join(conf.register(f"n{i}", i) for i in range(count))
    blocks = "".join(f'meter "{name}-{i}" {{ value = "{name}.n{i}" }}\n' for i in range(count))
    return conf.bus(f"{name}-bus", server.port) + conf.device(name, f"{name}-bus", 1, points, **given) + blocks


def test_nothing_is_lost_or_late_of_what_goes_on(new_site, broker, subscriber, fast, plain):
    head = conf.head(broker.port)
    site = new_site(head + fast.conf())
    fast.wait_polls()
    connection = set(fast.server.connections)
    reloads = 0
    while fast.unit.requests < POLLS:
        # What changes stands before and after what does not: all its numbers move each time.
        before = meters(plain, 1 + reloads % 5, "before")
        after = meters(plain, 1 + reloads % 3, "after") if reloads % 2 else ""
        site.taken(head + before + fast.conf() + after)
        reloads += 1
    fast.finish()
    until(lambda: fast.all_last(site.daemon.journal.events()), "the last readings in the journal")
    events = [e for e in site.daemon.journal.events() if not e.get("sensor", "").startswith(("before", "after"))]
    fast.check_complete(events)
    fast.check_in_time()
    assert set(fast.server.connections) == connection
    assert sum(e["type"] == "config.changed" for e in events) == reloads >= 10
    assert not any(e["type"] == "gateway.started" for e in events[1:])
    assert site.ask("metrics")["uplink"]["connects"] == 1


def test_an_event_tells_who_changed_what(new_site, broker, subscriber, plain):
    head = conf.head(broker.port)
    site = new_site(head)
    before = hashlib.sha256(site.printed()).hexdigest()
    assert "1 started" in site.taken(head + meters(plain, 2))
    after = hashlib.sha256(site.printed()).hexdigest()
    observed = subscriber.wait_event("config.changed")["observed"]
    assert (observed["user"], observed["before"], observed["after"]) == ("root", before, after)
    assert (observed["buses_started"], observed["buses_kept"], observed["devices"]) == (1, 0, 1)
    assert site.ask("status")["configuration"]["hash"] == after
    subscriber.wait_event("meter.value")
    assert "nothing has changed" in site.taken(head + "# a comment\n" + meters(plain, 2))
    site.daemon.conf.write_text(head)
    mark = subscriber.mark
    site.daemon.process.send_signal(signal.SIGHUP)
    assert subscriber.wait_event("config.changed", since=mark)["observed"]["user"] == "SIGHUP"
    for word in ("RELOADING=1", "READY=1"):
        until(lambda: site.daemon.notify.listen(0.1) or word in site.daemon.notify.said[1:], word)


def test_a_file_with_mistakes_changes_nothing_and_says_all_of_them(new_site, broker, fast):
    head = conf.head(broker.port)
    site = new_site(head + fast.conf())
    fast.wait_polls()
    connection = set(fast.server.connections)
    run = site.reload(head + fast.conf() + 'meter "a" { value = "nobody.n1" }\nmeter "b" { valve = 3 }\n')
    assert run.returncode == FAILED
    assert '"nobody.n1"' in run.stderr and '"valve"' in run.stderr and "nothing was changed" in run.stderr
    status = site.ctl("status")
    assert "reload: not taken" in status.stdout and "nobody.n1" in status.stdout
    site.daemon.wait_log('"valve"')
    site.taken(head + fast.conf())
    assert "reload" not in site.ctl("status").stdout
    fast.wait_polls()
    assert set(fast.server.connections) == connection
    assert not [e for e in site.daemon.journal.events() if e["type"] == "config.changed"]
    site.daemon.conf.unlink()
    run = site.ctl("reload")
    assert run.returncode == FAILED and "corridord.conf" in run.stderr


@pytest.mark.parametrize(
    "old, new, named",
    [
        ('id = "ge-red-bridge"', 'id = "ge-sarpi"', "checkpoint: id"),
        ('path = "journal.db"', 'path = "other.db"', "journal: path"),
        ('control = "control"', 'control = "elsewhere"', "gateway: control"),
        ("uplink     {", 'uplink     { topic_root = "other/v1" ', "uplink: topic_root"),
        ("journal    {", "registry { }\njournal {", "registry: "),
    ],
)
def test_what_is_set_up_once_is_refused_by_name(new_site, broker, old, new, named):
    head = conf.head(broker.port)
    site = new_site(head)
    run = site.reload(head.replace(old, new))
    assert run.returncode == FAILED
    assert named in run.stderr and "needs a restart" in run.stderr


KEYS = [notes_key(name, secret) for name, secret in (("corridor/az-ganja/gw1", b"1"), ("corridor/tr-sarp/gw1", b"2"))]
OFFICERS = [notes_key(f"officer/{name}", secret) for name, secret in (("A", b"3"), ("B", b"4"))]
KEEPERS = [notes_key(f"keeper/{name}", secret) for name, secret in (("A", b"5"), ("B", b"6"))]


def trust(name, key, kind):
    return f'trust "{name}" {{ keys = {{"{key}"}}  kinds = {{"{kind}"}} }}'


def registry(*blocks):
    return f"registry {{ {' '.join(blocks)} }}\n"


TRUSTS = [trust("a", KEEPERS[0], "mra"), trust("b", KEEPERS[1], "group")]


@pytest.mark.parametrize(
    "old, new, named",
    [
        (registry(*TRUSTS), registry(trust("a", KEEPERS[1], "mra"), TRUSTS[1]), 'trust "a": keys'),
        (registry(*TRUSTS), registry(trust("a", KEEPERS[0], "group"), trust("b", KEEPERS[1], "mra")), 'trust "b": kinds'),
        (registry(*TRUSTS), registry(TRUSTS[0]), 'trust "b": keys'),
        (registry(TRUSTS[0]), registry(*TRUSTS), 'trust "b": keys'),
        (registry(TRUSTS[0]), registry(), 'trust "a": keys'),
        (f'officers {{ keys = {{"{OFFICERS[0]}"}} }}', f'officers {{ keys = {{"{OFFICERS[1]}"}} }}', "officers: keys"),
        (
            f'officers {{ keys = {{"{OFFICERS[0]}"}} }}',
            f'officers {{ keys = {{"{OFFICERS[0]}"}}  must_sign = {{"release"}} }}', "officers: must_sign",
        ),
        (f'officers {{ keys = {{"{OFFICERS[0]}"}} }}', "", "officers: keys"),
        (f'handover {{ keys = {{"{KEYS[0]}"}} }}', f'handover {{ keys = {{"{KEYS[0]}", "{KEYS[1]}"}} }}', "handover: keys"),
        (f'handover {{ keys = {{"{KEYS[0]}"}} }}', "handover { }", "handover: keys"),
        (
            f'handover {{ keys = {{"{KEYS[0]}"}}  require = true }}', f'handover {{ keys = {{"{KEYS[0]}"}} }}',
            "handover: require",
        ),
    ],
    ids=[
        "another keeper", "two exchanged", "one less", "one more", "none", "another officer", "what has to be signed",
        "no officers", "a neighbour more", "no neighbour", "not required",
    ],
)
def test_whose_word_is_taken_is_set_up_once_and_a_change_is_refused_by_name(new_site, broker, old, new, named):
    head = conf.head(broker.port, requests=True)
    site = new_site(head + old)
    run = site.reload(head + new)
    assert run.returncode == FAILED
    assert named in run.stderr and "needs a restart" in run.stderr
    run = site.reload(head + old)
    assert run.returncode == 0


def test_a_vehicle_in_the_lane_goes_on_whatever_is_changed(new_site, broker, subscriber, lane, plain):
    head, text = conf.head(broker.port), conf.lane(lane.server.port)
    site = new_site(head + text)
    lane.truck_arrives()
    lane.seal_read("GE-0047115")
    passage = subscriber.wait_event("passage.opened")["passage"]["id"]
    subscriber.wait_event("seal.intact")
    mark = subscriber.mark
    site.taken(head + meters(plain, 1) + text)  # another bus
    subscriber.wait_event("config.changed", since=mark)
    subscriber.wait_event("meter.value")
    told = {e["type"] for e in subscriber.events() if e.get("lane")}
    site.taken(head + meters(plain, 1) + text.replace('direction = "entry"', 'direction = "both"'))  # the lane itself
    changed = [e for e in site.daemon.journal.events() if e.get("lane") and e.get("initial")]
    assert told
    until(
        lambda: [e for e in site.daemon.journal.events() if e["type"] == "barrier.closed" and e.get("before_restart") == "closed"],
        "the barrier, judged anew",
    )
    assert changed is not None
    lane.barrier("opening")
    lane.barrier("open")
    subscriber.wait_event("barrier.open")
    lane.truck_leaves()
    closed = subscriber.wait_event("passage.closed")
    assert closed["passage"]["id"] == passage
    opened = [e for e in site.daemon.journal.events() if e["type"] == "passage.opened"]
    assert len(opened) == 1


def test_alarms_of_what_goes_are_cleared(new_site, broker, subscriber, plain):
    head = conf.head(broker.port)
    silent = conf.bus("gone-bus", free_port()) + conf.device("gone", "gone-bus", 3, conf.register("n", 0), address_base=0)
    site = new_site(head + silent + meters(plain, 1))
    assert subscriber.wait_event("device.down")["alarm"] == "raised"
    mark = subscriber.mark
    site.taken(head + meters(plain, 1))
    down = subscriber.wait_event("device.down", since=mark)
    assert (down["device"], down["alarm"]) == ("gone", "cleared")
    assert [d["name"] for d in site.list("devices")] == ["plain"]
    assert "no device" in site.ctl("read", "gone", "0").stderr


def test_a_gpio_device_goes_on_while_lines_of_it_come_and_go(new_site, broker, subscriber):
    """That edges are not lost only the rig can see: here no chip is."""
    head = conf.head(broker.port)

    def text(*lines):
        points = "".join(f'    point "{line}" {{ line = "{line}"  bias = "disabled" }}\n' for line in lines)
        doors = "".join(f'contact "{line}" {{ input = "io.{line}" }}\n' for line in lines)
        return head + f'device "io" {{\n    driver = "gpio"  chip = "nowhere"\n{points}}}\n' + doors

    def states():
        return {one["sensor"]: one["state"] for one in site.list("sensors")}

    site = new_site(text("a"))
    assert subscriber.wait_event("device.down")["alarm"] == "raised"
    for lines in ("ab", "b", "cb", "bca", "a"):
        site.taken(text(*lines))
        until(lambda: states() == dict.fromkeys(lines, "unknown"), lambda: f"{lines}: {states()}")
    downs = [e for e in site.daemon.journal.events() if e["type"] == "device.down"]
    assert len(downs) == 1, "the device was there all the time, and down"


# ---- lists


def write_list(path, kind="aeo", version="1", holders=("GE-AEO-1",), as_of="2026-03-01"):
    rows = "".join(f"GE,GE-AEO,{holder},AEOS,active,2021-05-01,yes\n" for holder in holders)
    path.write_text(
        f'#{{"list":{{"kind":"{kind}","version":"{version}","as_of":"{as_of}"}}}}\ncountry,scheme,number,type,status,status_from,consent_mra\n{rows}'
    )
    return path


def lists_block(*paths, **given):
    return f"registry {{ {conf.options({'files': [str(path) for path in paths]} | given)} }}\n"


def lists_of(site):
    answer = site.ask("registry")
    return [(one["source"], one.get("kind"), one.get("version"), one.get("records")) for one in answer["lists"]]


def test_lists_come_and_go_without_a_restart_and_the_others_are_not_read_again(new_site, broker, tmp_path):
    head = conf.head(broker.port)
    a, b = write_list(tmp_path / "a.csv"), write_list(tmp_path / "b.csv", version="7", holders=("GE-AEO-1", "GE-AEO-2"))
    known_a, known_b = ("a.csv", "aeo", "1", 1), ("b.csv", "aeo", "7", 2)
    site = new_site(head + lists_block(a))
    until(lambda: lists_of(site) == [known_a], lambda: lists_of(site))
    site.taken(head + lists_block(b, a))
    until(lambda: lists_of(site) == [known_b, known_a], lambda: lists_of(site))
    site.taken(head + lists_block(a, b, max_age="2d"))
    until(lambda: lists_of(site) == [known_a, known_b], lambda: lists_of(site))
    assert site.ask("registry")["max_age_s"] == 2 * 86400
    site.taken(head + lists_block(b))
    until(lambda: lists_of(site) == [known_b], lambda: lists_of(site))
    assert not list(site.daemon.folder.glob("journal.db.registry.list-*"))[1:]
    site.taken(head + lists_block())
    until(lambda: lists_of(site) == [], lambda: lists_of(site))
    until(lambda: len([e for e in site.daemon.journal.events() if e["type"] == "config.changed"]) == 4, "the changes")
    told = [e["observed"]["file"] for e in site.daemon.journal.events() if e["type"] == "registry.list"]
    assert told == ["a.csv", "b.csv"]
    assert site.daemon.logged().count(f'reading "{a}"') == 1


def test_the_first_list_may_come_by_a_reload(new_site, broker, tmp_path):
    head = conf.head(broker.port)
    site = new_site(head + "registry { }\n")
    assert lists_of(site) == []
    site.taken(head + lists_block(write_list(tmp_path / "a.csv")))
    until(lambda: lists_of(site) == [("a.csv", "aeo", "1", 1)], lambda: lists_of(site))
    site.daemon.stop()


def test_a_list_that_was_refused_says_so_until_it_goes(new_site, broker, tmp_path):
    head = conf.head(broker.port)
    bad = tmp_path / "bad.csv"
    bad.write_text("nothing\n")
    site = new_site(head + lists_block(bad))
    until(lambda: [one["file"] for one in site.ask("registry")["refused"]] == [str(bad)], "it is refused")
    site.taken(head + lists_block(bad, check_every="2min"))
    until(lambda: [one["file"] for one in site.ask("registry")["refused"]] == [str(bad)], "it is still")
    site.taken(head + lists_block())
    until(lambda: site.ask("registry")["refused"] == [], "it has gone")
    assert sum(e["type"] == "registry.refused" for e in site.daemon.journal.events()) == 1


def test_what_of_the_registry_needs_a_restart_is_named_and_nothing_changes(new_site, broker, tmp_path):
    head, a = conf.head(broker.port), write_list(tmp_path / "a.csv")
    site = new_site(head + lists_block(a))
    until(lambda: lists_of(site) == [("a.csv", "aeo", "1", 1)], lambda: lists_of(site))
    run = site.reload(head + lists_block(mqtt=False))
    assert run.returncode == FAILED
    assert "registry: mqtt" in run.stderr and "needs a restart" in run.stderr
    assert "files" not in run.stderr
    assert lists_of(site) == [("a.csv", "aeo", "1", 1)]


# ---- reload(a → b) = start(b)


KEY = {"kind": "aeo", "key": "GE:GE-AEO:GE-AEO-1"}


def random_registry(dice, lists):
    given = {"check_every": dice.choice(["1min", "5min"]), "max_age": dice.choice(["2d", "7d"]), "quota": dice.choice(["1MiB", "512MiB"])}
    return lists_block(*dice.sample(lists, dice.randint(0, len(lists))), **given)


def look_at_lists(site):
    answer = site.ask("registry")
    record = site.ask("record", **KEY)
    found = [(one["source"], one["counts"]) for one in record.get("found", [])]
    busy = any(one.get("loading") for one in answer["lists"])
    return None if busy else (lists_of(site), answer["refused"], answer["max_age_s"], record["ok"], found)


def random_conf(dice, server):
    """Devices on buses, meters, contacts and lanes of their points; of each there may be the same, or
    another, or none the next time."""
    text, points = "", []
    for i in dice.sample(range(4), dice.randint(0, 4)):
        name = f"dev-{i}"
        count = dice.randint(1, 3)
        registers = "".join(conf.register(f"n{k}", k) for k in range(count))
        registers += f'    point "bit" {{ table = "coil"  address = {dice.randint(0, 3)} }}\n'
        points += [f"{name}.n{k}" for k in range(count)]
        text += conf.bus(f"bus-{i}", server.port)
        text += conf.device(name, f"bus-{i}", 1, registers, address_base=0, poll=dice.choice(["20ms", "50ms"]))
        if dice.random() < 0.6:
            text += f'contact "door-{i}" {{ use = "door"  input = "{name}.bit"  normal = true }}\n'
        if dice.random() < 0.6:
            travel = dice.choice(["5s", "8s"])
            text += (
                f'lane "lane-{i}" {{ direction = "entry"\n'
                f'    barrier "boom" {{ closed_limit = "{name}.bit"  travel_time = "{travel}" }} }}\n'
            )
    for point in points:
        if dice.random() < 0.5:
            text += f'meter "{point.replace(".", "-")}" {{ value = "{point}"  report_on_change = {dice.randint(1, 2)} }}\n'
    return text


def look(site):
    points = [(p["name"], p["value"], p["quality"]) for p in site.list("points")]
    devices = [(d["name"], d.get("bus"), d["state"]) for d in site.list("devices")]
    sensors = [(s.get("lane"), s["sensor"], s["kind"], s["state"], s["quality"], str(s["observed"])) for s in site.list("sensors")]
    buses = [(b["name"], b["place"], b["open"]) for b in site.list("buses")]
    status = site.ask("status")
    return SimpleNamespace(
        parts=(points, devices, sensors, buses),
        settled=all(q == "good" for _, _, q in points) and all(b[2] for b in buses) and all(d[2] == "up" for d in devices),
        hash=status["configuration"]["hash"],
        lanes=[lane["name"] for lane in status["lanes"]],
    )


def settled(site):
    seen = []

    def rests():
        seen.append(look(site))
        return seen[-1].settled and len(seen) > 1 and seen[-1].parts == seen[-2].parts

    until(rests, lambda: f"{seen[-1].parts}", every_s=0.15)
    return seen[-1]


def test_what_is_reloaded_is_as_what_is_started(new_site, new_daemon, broker, closing, tmp_path):
    lists = [write_list(tmp_path / f"list-{i}.csv", version=str(i), holders=["GE-AEO-1", f"GE-AEO-{i}"][: i + 1]) for i in range(5)]
    lists[4].write_text("nothing\n")
    unit = Unit(holding={i: 100 + i for i in range(8)}, coils=dict.fromkeys(range(8), 1))
    server = closing(TcpServer({1: unit}).start())
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    head = conf.head(broker.port)
    walked = new_site(head + random_registry(dice, lists) + random_conf(dice, server))
    for step in range(WALK):
        text = head + random_registry(dice, lists) + random_conf(dice, server)
        walked.taken(text)
        started = Site(new_daemon(text, folder=f"fresh-{step}").start())
        reloaded, fresh = settled(walked), settled(started)
        assert (reloaded.parts, reloaded.lanes) == (fresh.parts, fresh.lanes), f"seed {seed}, step {step}"
        until(
            lambda: (look_at_lists(walked) or 1) == look_at_lists(started),
            lambda: f"seed {seed}, step {step}: {look_at_lists(walked)} {look_at_lists(started)}",
        )
        assert reloaded.hash == hashlib.sha256(walked.printed()).hexdigest()
        started.daemon.stop()
    walked.daemon.stop()


def test_the_log_says_more_or_less_from_then_on(new_daemon, broker, lane):
    def text(level):
        return conf.head(broker.port, gateway={"log_level": level}) + conf.lane(lane.server.port)

    site = Site(new_daemon(text("info")).start())
    site.taken(text("debug"))
    lane.barrier("opening")
    site.daemon.wait_log('"boom-1.status" is "opening"')
    site.taken(text("warning"))
    lines = len(site.daemon.logged().splitlines())
    lane.barrier("open")
    until(lambda: any(s["sensor"] == "boom" and s["state"] == "open" for s in site.list("sensors")), "it is open")
    assert '"boom-1.status" is "open"' not in "\n".join(site.daemon.logged().splitlines()[lines:])


def test_another_broker_is_gone_over_to_and_nothing_is_lost(new_daemon, broker, load, tmp_path, closing, new_subscriber):
    other = closing(Broker(tmp_path / "other")).start()
    first, second = new_subscriber(broker), new_subscriber(other)

    def text(port, **uplink):
        return conf.head(port, **uplink) + conf.counters(load.port, count=2, poll="10ms")

    site = Site(new_daemon(text(broker.port)).start())
    first.wait_event("gateway.started")
    devices = site.list("devices")
    site.taken(text(other.port))
    second.wait_event("config.changed")
    until(lambda: site.ask("status")["uplink"] | {"since_s": 0} == {"connected": True, "host": f"127.0.0.1:{other.port}", "since_s": 0}, "it is connected there")
    assert site.list("devices")[0]["since_s"] >= devices[0]["since_s"]  # nobody noticed
    seen = sorted({e["seq"] for e in first.events()} | {e["seq"] for e in second.events()})
    assert seen == list(range(1, seen[-1] + 1))
    site.taken(text(broker.port))
    mark = first.mark
    first.wait_event("config.changed", since=mark)


def test_a_connection_is_not_given_up_for_one_that_cannot_be(new_daemon, broker, tmp_path):
    site = Site(new_daemon(conf.head(broker.port)).start())
    until(lambda: site.ask("status")["uplink"]["connected"], "it is connected")
    (tmp_path / "ca.pem").write_text("no certificate")
    wrong = site.reload(conf.head(broker.port).replace("uplink     {", f'uplink     {{ tls {{ ca = "{tmp_path}/ca.pem" }} '))
    assert wrong.returncode != FINE and "the files of tls are not what they have to be" in wrong.stderr + wrong.stdout
    assert site.ask("status")["uplink"]["connected"]
    for option in ({"topic_root": "other/v1"}, {"requests": True}, {"alarm_after": "2min"}):
        wrong = site.reload(conf.head(broker.port, **option))
        assert f"{next(iter(option))} is another" in wrong.stderr + wrong.stdout, wrong
