"""A handover that its broker keeps from the next checkpoint: told there, and by corridor-verify over the lines of both."""

import json

import pytest
from rig.broker import GATEWAY, SUBSCRIBER, Broker
from rig.judging import heard, judge
from rig.legs import FIRST, FROM, SEALS, SECOND, TO, Site, consignment, depart
from rig.waiting import until

# A broker takes what the gateway publishes by name, and hands nothing of it to who has none.
RIGHTS = f"""
topic readwrite #
topic deny corridor/v1/{TO}/handover/#
user {GATEWAY[0]}
topic readwrite #
user {SUBSCRIBER[0]}
topic readwrite #
"""
EVER_S = 600  # two minutes after a connection all that is retained has been heard


@pytest.fixture
def broker(tmp_path, closing):
    (tmp_path / "rights").write_text(RIGHTS)
    return closing(Broker(tmp_path / "broker", extra=f"acl_file {tmp_path}/rights")).start()


@pytest.fixture
def sites(broker, closing, new_subscriber, new_daemon, tmp_path):
    tools = closing, new_subscriber, new_daemon, tmp_path
    made = []
    for name, handover in ((FROM, ""), (TO, "unannounced = all  unannounced_after = 1s  unannounced_severity = major")):
        site = Site(name, broker, tools, handover=handover)
        site.knows(*map(consignment, SEALS))
        made.append(site)
    (tmp_path / "secret").write_text(GATEWAY[1] + "\n")
    known = f'username = "{GATEWAY[0]}"  password_file = "{tmp_path}/secret"  cleartext = true'
    for site, more in zip(made, (known, "metrics_every = 1s")):
        text = site.daemon.conf.read_text()
        site.daemon.conf.write_text(text.replace("uplink     { ", f"uplink     {{ {more} "))
    return [site.start() for site in made]


def test_a_handover_that_was_held_back_is_told_and_who_announced_it_found(sites, broker, new_subscriber, tmp_path):
    here, there = sites
    everything = new_subscriber(broker, name="everything")
    left = here.subscriber.wait_event("leg.departed", since=depart(here, FIRST))
    until(lambda: any(m.topic.endswith(f"/{TO}/handover/{FIRST}") for m in list(everything.messages)), "the broker has it")
    there.leaves(there.arrives(FIRST, opened=4))  # it was opened on the way, and nobody here can know
    told = there.subscriber.wait_event("leg.unannounced", within_s=EVER_S)
    assert (told["leg"]["from"], told["leg"]["to"], told["consignment"]["ucr"]) == (FROM, TO, FIRST)
    assert told["severity"] == "major" and there.subscriber.alerts("leg.unannounced")
    accusing = [e["type"] for e in there.subscriber.events() if e["severity"] in ("critical", "major") and e["type"] != "leg.unannounced"]
    assert not [kind for kind in accusing if not kind.startswith("device.")], "nothing is raised against the consignment"
    for site in sites:
        site.daemon.stop()

    def judged():
        said, code = judge(tmp_path / "lines", heard(everything))
        return code == 0 and {checkpoint: one for (checkpoint, _, _), one in said.items()}

    everything.messages = everything.messages + here.subscriber.messages + there.subscriber.messages
    found = until(judged, "both logs are whole", every_s=1)
    assert [(one["checkpoint"], one["announced"], one["seq"]) for one in found[TO]["held_back"]] == [(FROM, left["seq"], told["seq"])]
    assert found[FROM]["held_back"] == []
