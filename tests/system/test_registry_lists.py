"""What the gateway goes by, and what is wrong with a list: corridorctl registry."""

import json
import subprocess

import paho.mqtt.publish
import pytest
from rig import conf
from rig.control import Control
from rig.daemon import BUILD, ROOT
from rig.waiting import PATIENCE_S, until

FINE, WARNINGS, FAULTS, FAILED = range(4)
HEAD = '#{"list":{"kind":"aeo","version":"%s","as_of":"%s"}}\n'
COLUMNS = "country,scheme,number,type,status,status_from,consent_mra\n"
GOOD = "GE,GE-AEO,12/34,AEOS,active,2021-05-01,yes\n"


def aeo(version="1", as_of="2026-03-01", rows=GOOD):
    return HEAD % (version, as_of) + COLUMNS + rows


def ctl(*words, socket="/nowhere/control"):
    return subprocess.run(
        [BUILD / "corridorctl", "--socket", socket, *words], capture_output=True, text=True, timeout=PATIENCE_S
    )


def publish(broker, subject, record):
    paho.mqtt.publish.single(
        f"corridor/v1/ge-red-bridge/registry/{subject}", json.dumps(record), qos=1, retain=True, hostname="127.0.0.1", port=broker.port
    )


@pytest.fixture
def list_file(tmp_path):
    path = tmp_path / "aeo.csv"
    path.write_text(aeo())
    return path


@pytest.fixture
def site(new_daemon, broker, list_file):
    text = conf.head(broker.port) + f'registry {{ mqtt = true  files = {{"{list_file}"}}  check_every = "100ms"  max_age = "3650d" }}\n'
    daemon = new_daemon(text).start()
    daemon.ctl = lambda *words: ctl(*words, socket=daemon.folder / "control")
    until(lambda: "aeo.csv                  aeo" in daemon.ctl("registry", "list").stdout, "the list is read")
    return daemon


def test_each_bad_line_is_told_with_its_number_and_without_a_daemon(list_file):
    good = ctl("registry", "check", list_file)
    assert good.returncode == FINE and f"{list_file}: good: 1 records of kind aeo, version 1, as of 2026-03-01 00:00Z" in good.stdout
    list_file.write_text(aeo(rows=GOOD + "GEO,GE-AEO,13,AEOS,active,2021-05-01,yes\n" + "GE,GE-AEO,14,AEOS,activ,2021-05-01,yes\n"))
    bad = ctl("registry", "check", list_file)
    assert bad.returncode == FAULTS
    lines = bad.stdout.splitlines()
    assert lines[0].startswith(f"{list_file}:4: country:") and lines[1].startswith(f"{list_file}:5: status:"), lines
    assert "not taken" in lines[2]
    told = json.loads(ctl("--json", "registry", "check", list_file).stdout)
    assert not told["ok"] and [c["line"] for c in told["complaints"]] == [4, 5] and told["kind"] == "aeo"
    assert "No such file" in ctl("registry", "check", "/nowhere/x.csv").stdout


def test_the_lists_that_come_along_are_good():
    shipped = sorted((ROOT / "etc/registry").glob("*.jsonl"))
    assert len(shipped) >= 2 and ctl("registry", "check", *shipped).returncode == FINE


def test_what_is_checked_without_a_name_is_what_the_configuration_names(site, list_file):
    assert str(list_file) in ctl("--conf", site.folder / "corridord.conf", "registry", "check").stdout
    assert ctl("--conf", "/nowhere", "registry", "check").returncode == FAILED


def test_the_gateway_says_what_it_goes_by_and_why_it_refused_a_list(site, list_file):
    listed = site.ctl("registry", "list")
    assert listed.returncode == FINE and "aeo.csv                  aeo                 1" in listed.stdout
    list_file.write_text(aeo("2", rows="GEO,GE-AEO,13,AEOS,active,2021-05-01,yes\n"))
    until(lambda: "was refused" in site.ctl("registry", "list").stdout, "it is refused")
    listed = site.ctl("registry", "list")
    assert listed.returncode == FAULTS and f"! {list_file}:3: was refused: country" in listed.stdout
    (row,) = [r for r in json.loads(site.ctl("--json", "registry", "list").stdout)["lists"] if r.get("kind")]
    assert row["version"] == "1" and row["records"] == 1  # the one before stays
    list_file.write_text(aeo("3"))
    until(lambda: site.ctl("registry", "list").returncode == FINE, "the next is good")


def test_a_record_is_shown_from_the_source_that_counts(site, broker):
    shown = site.ctl("registry", "show", "aeo", "GE:GE-AEO:12/34")
    assert shown.returncode == FINE and "* aeo.csv: version 1, as of 2026-03-01T00:00" in shown.stdout
    assert '"number": "12/34"' in shown.stdout
    newer = {"country": "GE", "scheme": "GE-AEO", "number": "12/34", "type": "AEOS", "status": "suspended", "as_of": "2026-04-01"}
    publish(broker, "aeo/GE:GE-AEO:12%2F34", newer)
    until(lambda: "* stream" in site.ctl("registry", "show", "aeo", "GE:GE-AEO:12/34").stdout, "the newer counts")
    found = json.loads(site.ctl("--json", "registry", "show", "aeo", "GE:GE-AEO:12/34").stdout)["found"]
    assert [(f["source"], f["counts"]) for f in found] == [("stream", True), ("aeo.csv", False)]
    assert "suspended" in json.dumps(found[0]["record"]) and len(found[0]["sha256"]) == 64


def test_panels_get_the_same_by_the_schema(site, list_file, closing):
    control = closing(Control(site.folder / "control"))
    assert control.ask("record", kind="aeo", key="GE:GE-AEO:12/34")["found"][-1]["counts"]
    assert control.ask("record", kind="aeo", key="x")["code"] in ("no_record", "bad_request")
    assert control.ask("record", kind="cars", key="x")["code"] == "bad_request"
    assert control.ask("record", kind="aeo")["code"] == "bad_request"
    list_file.write_text(aeo("2", rows="GEO,x\n"))
    until(lambda: control.ask("registry")["refused"], "it is refused", every_s=0.3)
    assert control.ask("registry")["max_age_s"] == 3650 * 86400


def test_what_is_not_there_is_said(site):
    nobody = site.ctl("registry", "show", "aeo", "GE:GE-AEO:99")
    assert nobody.returncode == FAILED and 'there is no aeo "GE:GE-AEO:99"' in nobody.stderr
    assert "there are consignment, aeo, mra and group" in site.ctl("registry", "show", "cars", "1").stderr
    assert ctl("registry", "list").returncode == FAILED


def test_a_gateway_without_a_registry_says_so(new_daemon, broker):
    daemon = new_daemon(conf.head(broker.port)).start()
    assert 'no block "registry"' in ctl("registry", "list", socket=daemon.folder / "control").stderr


def test_a_list_is_put_in_place_whole_if_it_is_good_and_not_older(site, list_file, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    new = stick / "aeo.csv"

    def put(text):
        new.write_text(text)
        return ctl("--conf", site.folder / "corridord.conf", "registry", "import", new)

    bad = put(aeo("4", rows="GEO,x\n"))
    assert bad.returncode == FAULTS and list_file.read_text() == aeo()
    older = put(aeo("0", "2020-01-01"))
    assert older.returncode == FAILED and "is newer" in older.stderr
    other = put('#{"list":{"kind":"group","version":"1","as_of":"2026-05-01"}}\ngroup,country\nEU,BG\n')
    assert "is a list of kind aeo, not group" in other.stderr and list_file.read_text() == aeo()
    assert put(aeo("5", "2026-05-01")).returncode == FINE
    assert list_file.read_text() == aeo("5", "2026-05-01") and not list_file.with_name("aeo.csv.new").exists()
    until(lambda: " 5" in site.ctl("registry", "list").stdout, "the daemon reads it")
