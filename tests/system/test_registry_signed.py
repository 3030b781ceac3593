"""Lists and records that have to be signed by their keeper: what is taken, and what is refused by name."""

import hashlib
import json
import re
import subprocess

import paho.mqtt.publish
import pytest
from rig import conf
from rig.daemon import ROOT
from rig.keeper import Keeper
from rig.waiting import until
from test_registry_lists import COLUMNS, GOOD, HEAD, ctl

ROW = "%s,%s-AEO,%d,AEOS,active,2021-05-01,yes\n"


def aeo(version="1", rows=GOOD):
    return HEAD % (version, "2026-03-01") + COLUMNS + rows


def trust(keeper, name="revenue", more='states = {"GE"}', kinds="aeo"):
    keys = ", ".join(f'"{one.verifier}"' for one in (keeper if isinstance(keeper, list) else [keeper]))
    return f'trust "{name}" {{ keys = {{{keys}}}  kinds = {{"{kinds}"}} {more} }}\n'


@pytest.fixture
def keeper():
    return Keeper("revenue.ge/lists")


@pytest.fixture
def other():
    return Keeper("customs.tr/lists")


@pytest.fixture
def list_file(tmp_path):
    path = tmp_path / "aeo-ge.csv"
    path.write_text(aeo())
    return path


@pytest.fixture
def site(new_daemon, broker, list_file):
    """site(trusts, …): a gateway that goes by the list, and by what is published."""

    def start(*trusts):
        text = conf.head(broker.port) + f'registry {{ files = {{"{list_file}"}}  check_every = "100ms"  max_age = "3650d"\n{"".join(trusts)} }}\n'
        daemon = new_daemon(text).start()
        daemon.ctl = lambda *words: ctl(*words, socket=daemon.folder / "control")
        daemon.lists = lambda: json.loads(daemon.ctl("--json", "registry", "list").stdout)
        return daemon

    return start


def in_use(daemon, version):
    return any(one.get("version") == version and one.get("kind") == "aeo" for one in daemon.lists()["lists"])


def why_refused(daemon, text):
    until(lambda: any(text in one["error"] for one in daemon.lists()["refused"]), f"it is refused: {text}: {daemon.lists()}")


def test_a_signed_list_is_taken_and_says_by_whom(site, keeper, list_file, subscriber):
    keeper.sign(list_file)
    daemon = site(trust(keeper))
    event = subscriber.wait_event("registry.list")
    assert event["observed"]["signer"] == "revenue.ge/lists"
    assert event["observed"]["sha256"] == hashlib.sha256(list_file.read_bytes()).hexdigest()
    until(lambda: in_use(daemon, "1"), "it is in use")
    assert daemon.lists()["lists"][0]["signer"] == "revenue.ge/lists"


def test_an_unsigned_list_is_refused_by_name_and_nothing_of_it_is_in_use(site, keeper, list_file, subscriber):
    daemon = site(trust(keeper))
    event = subscriber.wait_event("registry.refused")
    assert event["observed"]["subject"] == "aeo-ge.csv"
    assert event["observed"]["why"] == 'needs the signature of "revenue": there is no aeo-ge.csv.sig beside it'
    assert not in_use(daemon, "1")
    keeper.sign(list_file)  # the cure
    until(lambda: in_use(daemon, "1"), "it is in use")


@pytest.mark.parametrize(
    "spoil,why",
    [
        (lambda keeper, other, path: path.write_text(aeo("2", GOOD.replace("12/34", "66/66"))), "is not what"),
        (lambda keeper, other, path: other.sign(path), "signed by other keys"),
        (lambda keeper, other, path: keeper.sign(path, name="aeo-tr.csv"), "is that of \"aeo-tr.csv\""),
        (lambda keeper, other, path: keeper.sign(path, at=1), "before the one in use"),
        (lambda keeper, other, path: path.with_name("aeo-ge.csv.sig").write_text(""), "no whole note"),
        (lambda keeper, other, path: path.with_name("aeo-ge.csv.sig").write_text("x" * 100_000), "longer than a signature"),
        (lambda keeper, other, path: path.with_name("aeo-ge.csv.sig").unlink(), "there is no aeo-ge.csv.sig"),
    ],
)  # fmt: skip
def test_a_list_that_is_not_what_its_keeper_signed_leaves_the_old_one_in_force(site, keeper, other, list_file, spoil, why):
    keeper.sign(list_file)
    daemon = site(trust(keeper))
    until(lambda: in_use(daemon, "1"), "it is in use")
    list_file.write_text(aeo("2"))
    spoil(keeper, other, list_file)
    why_refused(daemon, why)
    assert in_use(daemon, "1") and not in_use(daemon, "2")
    list_file.write_text(aeo("3"))
    keeper.sign(list_file)
    until(lambda: in_use(daemon, "3"), "the next good one is in use")
    assert daemon.lists()["refused"] == []


def test_a_keeper_signs_for_his_own_state_alone(site, keeper, other, list_file):
    list_file.write_text(aeo("1", ROW % ("TR", "TR", 1) + ROW % ("GE", "GE", 2)))
    other.sign(list_file)
    daemon = site(trust(keeper), trust(other, "ankara", 'states = {"TR"}'))
    why_refused(daemon, 'needs the signature of "revenue", is signed by "customs.tr/lists"')
    assert daemon.lists()["refused"][0]["line"] == 4
    list_file.write_text(aeo("2", ROW % ("TR", "TR", 1) + ROW % ("AZ", "AZ", 2)))  # nobody is named for AZ
    other.sign(list_file)
    until(lambda: in_use(daemon, "2"), "it is in use")


def test_one_key_follows_another(site, keeper, list_file):
    new = Keeper("revenue.ge/lists")
    keeper.sign(list_file)
    daemon = site(trust([keeper, new]))
    until(lambda: in_use(daemon, "1"), "it is in use")
    for version, by, others in (("2", keeper, [new]), ("3", new, [])):
        list_file.write_text(aeo(version))
        by.sign(list_file, *others)
        until(lambda v=version: in_use(daemon, v), f"{version} is in use")


def test_what_was_taken_without_a_signature_is_not_in_use_when_one_is_asked_for(site, keeper, list_file, new_daemon, broker):
    daemon = site()
    until(lambda: in_use(daemon, "1"), "it is in use")
    text = (daemon.folder / "corridord.conf").read_text()
    assert ' }\n' in text
    daemon.stop()
    (daemon.folder / "corridord.conf").write_text(text.replace('max_age = "3650d"', 'max_age = "3650d" ' + trust(keeper)))
    daemon.start()
    why_refused(daemon, "there is no aeo-ge.csv.sig")
    assert not in_use(daemon, "1")


def test_corridorctl_judges_a_list_by_the_rules_of_the_configuration(site, keeper, other, list_file):
    keeper.sign(list_file)
    daemon = site(trust(other, "ankara", 'states = {"TR", "UZ"}'), trust(keeper))
    conf_file = daemon.folder / "corridord.conf"
    good = ctl("--conf", conf_file, "registry", "check", list_file)
    assert good.returncode == 0 and ", signed by revenue.ge/lists" in good.stdout
    until(lambda: "signed by revenue.ge/lists" in daemon.ctl("registry", "list").stdout, "it is in use")
    other.sign(list_file)
    bad = ctl("--conf", conf_file, "registry", "check")
    assert bad.returncode == 2 and 'needs the signature of "revenue", is signed by "customs.tr/lists"' in bad.stdout
    list_file.with_name("aeo-ge.csv.sig").unlink()
    assert "there is no aeo-ge.csv.sig beside it" in ctl("--conf", conf_file, "registry", "check", list_file).stdout
    assert ctl("--conf", "/nowhere", "registry", "check", list_file).returncode == 0


def test_a_signature_is_put_in_place_with_its_list(site, keeper, other, list_file, tmp_path):
    keeper.sign(list_file)
    daemon = site(trust(keeper))
    until(lambda: in_use(daemon, "1"), "it is in use")
    (tmp_path / "new").mkdir()
    new = tmp_path / "new" / "aeo-ge.csv"
    new.write_text(aeo("2"))
    conf_file = daemon.folder / "corridord.conf"
    other.sign(new)
    assert ctl("--conf", conf_file, "registry", "import", new).returncode == 2
    keeper.sign(new)
    done = ctl("--conf", conf_file, "registry", "import", new)
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: in_use(daemon, "2"), "it is in use")


# ---- records -------------------------------------------------------------------------------


RECORD = '{"country":"GE","scheme":"GE-AEO","number":"77","type":"AEOS","status":"%s"}'
SUBJECT = "aeo/GE:GE-AEO:77"
TOPIC = f"ge-red-bridge/registry/{SUBJECT}"


@pytest.fixture
def say(broker):
    def say(payload, subject=SUBJECT, retain=True):
        paho.mqtt.publish.single(f"corridor/v1/ge-red-bridge/registry/{subject}", payload, qos=1, retain=retain, hostname="127.0.0.1", port=broker.port)

    return say


def shown(daemon):
    found = json.loads(daemon.ctl("--json", "registry", "show", "aeo", "GE:GE-AEO:77").stdout or "{}").get("found", [])
    return next((one for one in found if one["source"] == "stream" and one["counts"]), {})


def status(daemon):
    return shown(daemon)["record"]["history"][-1]["status"]


def test_a_signed_record_is_taken_and_a_poisoned_one_is_refused_by_name(site, keeper, other, say, subscriber):
    daemon = site(trust(keeper))
    suspended = keeper.signed(RECORD % "suspended", TOPIC, at=2000)
    say(suspended)
    event = subscriber.wait_event("registry.record")
    assert event["observed"]["signer"] == keeper.name and event["observed"]["sha256"] == hashlib.sha256(suspended.encode()).hexdigest()
    until(lambda: shown(daemon).get("signer") == keeper.name, "it is in use")
    assert status(daemon) == "suspended" and "note" not in shown(daemon)["record"]
    poison = {
        "it has no note": RECORD % "active",
        "signed by other keys": other.signed(RECORD % "active", TOPIC),
        "is not what its note is of": suspended.replace("suspended", "active"),
        "is that of \"ge-red-bridge/registry/aeo/GE": keeper.signed(RECORD % "active", TOPIC.replace("77", "78")),
        "is that of \"az-ganja": keeper.signed(RECORD % "active", TOPIC.replace("ge-red-bridge", "az-ganja")),
        "was signed before": keeper.signed(RECORD % "active", TOPIC, at=1999),
    }
    for why, payload in list(poison.items())[:5]:  # five are told in a minute
        say(payload)
        subscriber.wait(lambda w=why: any(w in e["observed"]["why"] for e in subscriber.events("registry.refused")), why)
    say(poison["was signed before"])
    for payload in ("", "null", '{"removed":true}', other.signed('{"removed":true}', TOPIC)):
        say(payload)
    say('{"group":"EU","country":"BG"}', "group/EU:BG")  # nobody is named for groups; behind all these
    subscriber.wait(lambda: any("group/EU:BG" in e["observed"]["subject"] for e in subscriber.events("registry.record")), "the last")
    assert status(daemon) == "suspended"
    say(keeper.signed(RECORD % "active", TOPIC, at=2001))
    until(lambda: status(daemon) == "active", "the keeper's next word counts")
    say(keeper.signed('{"removed":true}', TOPIC, at=2002))
    until(lambda: not shown(daemon), "and so does his last")
    subscriber.wait(lambda: subscriber.events("registry.record")[-1]["observed"]["removed"], "its removal is told")
    assert subscriber.events("registry.record")[-1]["observed"]["signer"] == keeper.name


def test_what_was_removed_does_not_come_back_by_an_older_signature(site, keeper, say, subscriber):
    daemon = site(trust(keeper))
    active = keeper.signed(RECORD % "active", TOPIC, at=2000)
    say(active)
    until(lambda: shown(daemon) and status(daemon) == "active", "it is in use")
    removal = keeper.signed('{"removed":true}', TOPIC, at=2002)
    say(removal)
    until(lambda: not shown(daemon), "it is removed")
    daemon.stop()
    mark = subscriber.mark
    daemon.start()
    late = keeper.signed(RECORD % "suspended", TOPIC, at=2002)
    for payload in (active, late, keeper.signed('{"removed":true}', TOPIC, at=2001), active):
        say(payload)
    subscriber.wait(lambda: any("before its removal" in e["observed"]["why"] for e in subscriber.events("registry.refused", since=mark)), "why")
    say('{"group":"EU","country":"BG"}', "group/EU:BG")
    subscriber.wait(lambda: any("group/EU:BG" in e["observed"]["subject"] for e in subscriber.events("registry.record", since=mark)), "the last")
    assert not shown(daemon)
    say(keeper.signed(RECORD % "active", TOPIC, at=2003))
    until(lambda: shown(daemon) and status(daemon) == "active", "the keeper's next word counts")


def test_what_nobody_is_named_for_needs_no_signature_and_may_have_one(site, keeper, say):
    daemon = site(trust(keeper, more="mqtt = false"))
    say(RECORD % "suspended")
    until(lambda: shown(daemon), "it is taken")
    assert "signer" not in shown(daemon)
    say(Keeper("nobody").signed(RECORD % "active", TOPIC))
    until(lambda: status(daemon) == "active", "it is taken")
    assert "signer" not in shown(daemon)


def test_records_that_now_need_a_signature_are_forgotten_and_asked_for_again(site, keeper, say):
    daemon = site()
    say(RECORD % "active")
    until(lambda: shown(daemon), "it is taken")
    daemon.stop()
    path = daemon.folder / "corridord.conf"
    path.write_text(path.read_text().replace('max_age = "3650d"', 'max_age = "3650d" ' + trust(keeper)))
    say(keeper.signed(RECORD % "suspended", TOPIC))
    daemon.start()
    until(lambda: shown(daemon).get("signer") == keeper.name, "the signed one is in use")
    assert status(daemon) == "suspended"


# ---- the recipe ------------------------------------------------------------------------------


def test_what_is_printed_for_the_keeper_makes_a_signature_that_is_taken(site, list_file, tmp_path):
    blocks = re.findall(r"^```sh keeper\n(.*?)^```", (ROOT / "doc/registry.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    folder = tmp_path / "keeper"
    folder.mkdir()
    script = "set -eu\n" + blocks[0] + f"LIST={list_file}\n" + blocks[1]
    verifier = subprocess.run(["bash", "-c", script], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    daemon = site(f'trust "revenue" {{ keys = {{"{verifier}"}}  kinds = {{"aeo"}} }}\n')
    until(lambda: in_use(daemon, "1"), "it is in use")
    assert daemon.lists()["lists"][0]["signer"] == "revenue.ge/lists"
