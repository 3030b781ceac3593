"""What we write and ship for Prometheus, judged by Prometheus' own tool."""

import json
import re
import shutil
import subprocess

import pytest
import test_prometheus
from rig.daemon import ROOT
from rig.permitted import cannot
from rig.waiting import PATIENCE_S, until
from test_prometheus import gateway  # noqa: F401

SHIPPED = ROOT / "etc/prometheus"
RULES = SHIPPED / "corridord.rules.yml"
DASHBOARD = SHIPPED / "corridord.dashboard.json"


@pytest.fixture(scope="session")
def promtool():
    path = shutil.which("promtool")
    if not path:
        cannot("there is no promtool: apt install prometheus")

    def run(*words, **more):
        return subprocess.run([path, *words], capture_output=True, text=True, timeout=PATIENCE_S, **more)

    return run


def expressions():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def as_rules(expressions):
    """What Grafana would ask, its own variables filled in."""
    rules = [
        {"record": f"panel:{i}", "expr": e.replace("$gateway", ".*").replace("$__rate_interval", "5m")}
        for i, e in enumerate(expressions)
    ]
    return json.dumps({"groups": [{"name": "dashboard", "rules": rules}]})


def test_the_numbers_are_as_a_scrape_wants_them(promtool, gateway):  # noqa: F811
    path = gateway.folder / test_prometheus.FILE
    until(path.exists, "the file")
    checked = promtool("check", "metrics", input=path.read_text())
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_alerts_load(promtool):
    checked = promtool("check", "rules", str(RULES))
    assert checked.returncode == 0, checked.stderr
    assert re.search(r"SUCCESS: [1-9]\d* rules found", checked.stdout)


def test_the_alerts_go_off_when_they_should_and_not_before(promtool):
    tried = promtool("test", "rules", str(ROOT / "tests/prometheus/alerts.yml"))
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_what_the_dashboard_asks_can_be_asked(promtool, tmp_path):
    asked = expressions()
    assert len(asked) >= 12
    path = tmp_path / "dashboard.yml"
    path.write_text(as_rules(asked))
    checked = promtool("check", "rules", str(path))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    path.write_text(as_rules([*asked, "rate(x[5m)"]))
    assert promtool("check", "rules", str(path)).returncode != 0  # it does read them


def test_the_dashboard_asks_for_numbers_that_there_are(gateway):  # noqa: F811
    path = gateway.folder / test_prometheus.FILE
    until(path.exists, "the file")
    _, families = test_prometheus.parsed(path.read_text())
    asked = set(re.findall(r"\bcorridord_[a-z_]+", " ".join(expressions())))
    assert asked - set(families) <= {"corridord_registry_refused_total"}  # of a gateway with a registry
