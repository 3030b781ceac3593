"""The daemon as its service manager and its technician see it."""

import os
import re
import signal
import ssl
import subprocess
import time

import pytest
from rig import conf
from rig.counting import counting
from rig.daemon import BINARY, BUILD, ROOT, SANITIZED
from rig.waiting import PATIENCE_S, free_port, until
from sim.modbus_device import TcpServer, Unit

O_CLOEXEC = 0o2000000
EX_CONFIG = 78
EX_USAGE = 64

# Seven mebibytes, and half of one more with the libraries of Debian 13.
RSS_MAX_KIB = 7 * 1024 + (512 if ssl.OPENSSL_VERSION_INFO >= (3, 2) else 0)
OWN_MAX_KIB = 2048


def run(*arguments, **options):
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )


def test_the_commented_lane_of_the_shipped_configuration_is_good_without_its_comment_signs(
    tmp_path,
):
    text = (ROOT / "etc/corridord.conf").read_text()
    site, lane = text.split("# # An RS-485", 1)
    lane = re.sub(r"^# ?", "", "# # An RS-485" + lane, flags=re.MULTILINE)
    (tmp_path / "corridord.conf").write_text(site + lane)
    (tmp_path / "profiles").symlink_to(ROOT / "etc/profiles")
    checked = run("-n", "-c", tmp_path / "corridord.conf")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "5 devices on 3 buses, 1 lane" in checked.stdout


def test_it_captures_without_a_broker_and_delivers_later(load, new_broker, new_subscriber, new_daemon):
    broker = new_broker(start=False)
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    until(lambda: load.units[1].requests > 20, "it reads its devices")
    broker.start(anonymous=False)
    subscriber = new_subscriber(broker)
    broker.admit(True)
    subscriber.wait_event("meter.value")
    events = subscriber.verified()
    assert events[0]["type"] == "gateway.started"
    assert daemon.running()


def test_the_service_manager_hears_how_it_goes(load, broker, new_daemon):
    silent = conf.bus("lane-3", free_port()) + conf.device("boom-3", "lane-3", 3, profile="came-gard-ptx")
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port) + silent)
    daemon.start(watchdog_us=1_000_000)
    devices = len(load.units) + 1

    def last_status():
        daemon.notify.listen(0.2)
        return next((line for line in reversed(daemon.notify.said) if line.startswith("STATUS=")), "")

    answer = f"STATUS={devices - 1} of {devices} devices answer; "
    until(lambda: last_status().startswith(answer + "connected to 127.0.0.1"), last_status)
    until(lambda: last_status().endswith("; journal ok; 0 events to send"), last_status)
    broker.stop()
    until(lambda: last_status().startswith(answer + "not connected; journal ok; "), last_status)


@pytest.mark.parametrize("attempt", range(5))
def test_sigterm_stops_within_two_seconds_with_everything_captured_journalled(
    attempt, load, new_daemon, new_broker, witness
):
    broker = new_broker(start=False)  # nobody hears: all must be in the journal
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port, 16, "1ms")).start()
    until(lambda: load.units[1].requests > 300, "load")
    took_s = daemon.stop()
    assert took_s < witness.allowed(2), f"it took {took_s:.2f} s"
    events = daemon.journal.events()
    assert events[-1]["type"] == "gateway.stopped"
    counted = {}
    for event in events:
        if event["type"] == "meter.value":
            counted.setdefault(event["sensor"], []).append(event["observed"]["value"])
    assert len(counted) == 16
    for values in counted.values():
        assert values == list(range(1, len(values) + 1)), "a captured value is missing"
        assert len(values) >= load.units[1].requests - 1


@pytest.mark.parametrize("trouble", ["frozen broker", "silent device", "stalled connection"])
def test_sigterm_stops_within_two_seconds_whatever_hangs(
    trouble, load, broker, subscriber, new_daemon, witness
):
    counters = conf.counters(load.port, 16, "10ms", timeout="200ms")
    daemon = new_daemon(conf.head(broker.port) + counters).start()
    subscriber.wait_event("meter.value")
    if trouble == "frozen broker":
        broker.freeze()
    elif trouble == "silent device":
        load.units[1].silent = True
    else:
        load.units[1].delay_s = 5
    requests = load.units[1].requests
    until(lambda: load.units[1].requests > requests, "the trouble has begun")
    took_s = daemon.stop()
    broker.thaw()
    assert took_s < witness.allowed(2), f"it took {took_s:.2f} s"
    assert daemon.journal.events()[-1]["type"] == "gateway.stopped"


def test_sigint_stops_it_too(load, broker, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.process.wait(timeout=PATIENCE_S) == 0


def test_every_file_descriptor_is_closed_on_exec(load, broker, subscriber, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    subscriber.wait_event("meter.value")
    inherited = (0, 1, 2)
    open_fds = daemon.fds()
    assert any("journal.db" in target for target, _ in open_fds.values())
    assert any("socket:" in target for target, _ in open_fds.values())
    leaking = {
        fd: target
        for fd, (target, flags) in open_fds.items()
        if fd not in inherited and not flags & O_CLOEXEC
    }
    assert not leaking


def test_descriptors_do_not_pile_up_over_reconnections(load, broker, subscriber, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    subscriber.wait_event("meter.value")
    before = len(daemon.fds())
    for _ in range(5):
        broker.kill()
        load.drop()
        broker.restart_for(subscriber)
        subscriber.wait_event("meter.value", since=subscriber.mark)
    assert len(daemon.fds()) <= before


@pytest.mark.skipif(SANITIZED, reason="sanitizers take memory of their own")
def test_thirty_two_devices_take_no_more_memory_than_they_may(
    closing, broker, subscriber, new_daemon
):
    units = {n: Unit(holding={i: counting() for i in range(8)}) for n in range(1, 33)}
    server = closing(TcpServer(units).start())
    points = "".join(conf.register(f"r{i}", i, counted=True) for i in range(8))
    text = conf.head(broker.port) + conf.bus("plant", server.port)
    for n in units:
        text += conf.device(f"d{n}", "plant", n, points, address_base=0, poll="500ms")
        text += f'meter "m{n}" {{ value = "d{n}.r0"  report_min = "0ms" }}\n'
    daemon = new_daemon(text).start()
    subscriber.wait(lambda: len(subscriber.events("meter.value")) > 320, "events of all devices")
    assert daemon.status_kib("VmRSS") < RSS_MAX_KIB
    assert daemon.status_kib("RssAnon") < OWN_MAX_KIB


def test_the_watchdog_is_fed_while_broker_and_device_are_dead(
    load, new_broker, new_daemon, witness
):
    broker = new_broker(start=False)
    counters = conf.counters(load.port, timeout="200ms")
    daemon = new_daemon(conf.head(broker.port) + counters)
    daemon.start(watchdog_us=400_000)
    load.units[1].silent = True
    fed, deadline = [], time.monotonic() + PATIENCE_S
    while len(fed) < 8:
        assert time.monotonic() < deadline, "the watchdog starves"
        count = daemon.notify.said.count("WATCHDOG=1")
        daemon.notify.listen(1)
        if daemon.notify.said.count("WATCHDOG=1") > count:
            fed.append(time.monotonic())
    assert max(b - a for a, b in zip(fed, fed[1:])) < witness.allowed(2)
    assert daemon.running()


def test_two_daemons_do_not_share_a_journal(load, broker, subscriber, new_daemon):
    text = conf.head(broker.port) + conf.counters(load.port)
    first = new_daemon(text).start()
    subscriber.wait_event("meter.value")
    second = subprocess.run(
        first.arguments(), cwd=first.folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert second.returncode not in (0, EX_CONFIG)
    assert "journal" in second.stderr
    assert first.running()
    first.stop()
    subscriber.verified()


# ---- the command line ------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.conf"
    secret = tmp_path / "password"
    secret.write_text("hidden-secret\n")
    text = conf.head(free_port(), username="gw", password_file=str(secret))
    path.write_text(text + conf.counters(free_port()))
    return path


def test_n_says_what_a_good_configuration_holds_and_starts_nothing(site):
    result = run("-n", "-c", site)
    assert result.returncode == 0, result.stderr
    assert "1 device on 1 bus, 0 lanes" in result.stdout
    assert not list(site.parent.glob("journal*"))


def test_n_reports_every_error_with_file_and_line(site):
    text = site.read_text().replace("poll =", "pol =").replace('unit = 1', 'unit = 1000')
    site.write_text(text)
    result = run("-n", "-c", site)
    assert result.returncode == EX_CONFIG
    places = re.findall(rf"^{re.escape(str(site))}:\d+: ", result.stderr, re.MULTILINE)
    assert len(places) >= 2, result.stderr
    assert "poll" in result.stderr and "did you mean" in result.stderr


def test_a_bad_configuration_is_refused_at_start_with_the_same_words(site):
    site.write_text(site.read_text().replace("poll =", "pol ="))
    check, start = run("-n", "-c", site), run("-c", site)
    assert start.returncode == check.returncode == EX_CONFIG
    assert start.stderr == check.stderr


def test_a_missing_configuration_is_named(tmp_path):
    result = run("-n", "-c", tmp_path / "nothing.conf")
    assert result.returncode == EX_CONFIG
    assert "nothing.conf" in result.stderr and "No such file" in result.stderr


def test_what_print_config_prints_is_a_configuration_that_prints_the_same(site, tmp_path):
    printed = run("--print-config", "-c", site)
    assert printed.returncode == 0, printed.stderr
    assert "hidden-secret" not in printed.stdout
    assert "retry_max" in printed.stdout and "poll" in printed.stdout
    again = tmp_path / "printed.conf"
    again.write_text(printed.stdout)
    second = run("--print-config", "-c", again)
    assert second.returncode == 0, second.stderr
    assert second.stdout == printed.stdout


def test_the_shipped_configuration_runs_as_it_stands():
    result = run("-n", "-c", ROOT / "etc" / "corridord.conf")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("option, says", [("--help", "--config"), ("--version", "corridord ")])
def test_help_and_version_are_told_on_standard_output(option, says):
    result = run(option)
    assert result.returncode == 0 and says in result.stdout and not result.stderr


PROGRAMS = "corridorctl corridor-verify corridord-clock corridord-readers corridord-signer corridord-uplink"


@pytest.mark.parametrize("program", PROGRAMS.split())
def test_every_program_says_the_version_and_commit_of_the_daemon(program):
    wanted = run("--version").stdout.removeprefix("corridord ")
    said = subprocess.run([BUILD / program, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout == f"{program} {wanted}"


@pytest.mark.parametrize("arguments", [["--nonsense"], ["surplus"]])
def test_a_mistaken_command_line_is_refused(arguments):
    result = run(*arguments)
    assert result.returncode == EX_USAGE and result.stderr


def test_standard_error_may_be_a_closed_pipe(load, broker, subscriber, new_daemon):
    """A log reader that went away must not take the daemon with it."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port))
    daemon.start(output=write_end)
    os.close(write_end)
    broker.kill()
    broker.restart_for(subscriber)
    subscriber.wait_event("meter.value", since=subscriber.mark)
    daemon.stop()


def test_signals_that_mean_nothing_here_do_not_end_it(new_daemon, broker):
    gateway = new_daemon(conf.head(broker.port)).start()
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM):
        gateway.process.send_signal(number)
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_log("nothing has changed")
    gateway.stop()


def test_at_debug_level_each_change_of_a_point_is_logged(new_daemon, broker, lane):
    text = conf.head(broker.port).replace('id = "gw1"', 'id = "gw1"  log_level = "debug"')
    gateway = new_daemon(text + conf.lane(lane.server.port)).start()
    gateway.wait_log('"boom-1.status" is "closed"')
    lane.barrier("opening")
    gateway.wait_log('"boom-1.status" is "opening"')
    lane.stop()
    gateway.wait_log('"boom-1.status" is not good: link_down')
