"""The numbers as Prometheus' node exporter reads them from a text file."""

import os
import re
import stat

import pytest
from rig import conf
from rig.daemon import ROOT
from rig.waiting import free_port, until

FILE = "corridord.prom"
SAMPLE = re.compile(r'(corridord_[a-z_]+)(?:\{([a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*)\})? (-?[0-9.]+)\Z')


def parsed(text):
    """{name: {labels: value}}, and the families as they are declared."""
    samples, families = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in families
            families[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.match(line).groups()
            assert name in families, f"{line}: before its TYPE"
            assert (name.endswith("_total")) == (families[name] == "counter")
            samples.setdefault(name, {})[labels] = float(value)
    return samples, families


@pytest.fixture
def gateway(load, broker, new_daemon):
    head = conf.head(broker.port, gateway={"prometheus": FILE}, metrics_every="1s")
    silent = conf.bus("lane-3", free_port()) + conf.device("boom-3", "lane-3", 3, profile="came-gard-ptx")
    return new_daemon(head + conf.counters(load.port) + silent).start()


def test_the_file_has_the_numbers_and_is_never_half(gateway):
    path = gateway.folder / FILE

    def numbers():
        samples, families = parsed(path.read_text()) if path.exists() else ({}, {})
        assert not families or families["corridord_bus_devices_down"] == "gauge"
        return samples

    until(lambda: numbers().get("corridord_uplink_connected") == {None: 1}, numbers)
    until(lambda: numbers()["corridord_bus_devices_down"].get('bus="lane-3"') == 1, numbers)
    until(lambda: numbers()["corridord_journal_events_total"][None] > 10, numbers)
    (labels,) = numbers()["corridord_info"]
    assert 'checkpoint="ge-red-bridge",gateway="gw1"' in labels
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def test_a_file_that_cannot_be_written_is_told_once(broker, new_daemon):
    head = conf.head(broker.port, gateway={"prometheus": f"later/{FILE}"}, metrics_every="1s")
    daemon = new_daemon(head).start()
    daemon.wait_log(f"later/{FILE}: No such file or directory")
    (daemon.folder / "later").mkdir()
    until((daemon.folder / "later" / FILE).exists, "it is written when it can be")
    assert daemon.logged().count("cannot write") == 1


def test_the_alerts_ask_for_numbers_that_there_are(gateway):
    path = gateway.folder / FILE
    until(path.exists, "the file")
    _, families = parsed(path.read_text())
    rules = (ROOT / "etc/prometheus/corridord.rules.yml").read_text()
    asked = set(re.findall(r"\bcorridord_[a-z_]+", rules))
    assert asked and asked <= set(families), asked - set(families)
