"""What a subscriber has to have heard, whatever was done to the packages; and what packages are."""

import hashlib


def sums(folder):
    """{name: sha256} of the packages."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.deb")}


def is_ours(kind):
    """Not of this machine's clock and disk."""
    return not kind.startswith(("clock.", "journal.stalled"))


def nothing_is_lost(subscriber, killed=0):
    """All that was journalled came, in one chain of one epoch; no run ended otherwise than by being told
    to, but for those killed; and nobody was alarmed."""
    events = subscriber.verified()
    assert len({event["epoch"] for event in events}) == 1
    alarms = [e.data for e in events if e["severity"] != "info" and is_ours(e["type"])]
    assert not alarms, alarms[0]
    unclean = [e for e in events if e["type"] == "gateway.started" and e["observed"]["unclean"]]
    assert len(unclean) == killed
    return events
