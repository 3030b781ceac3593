"""What a scripted broker has taken, held against the journal of the gateway."""

from . import contract
from .waiting import PATIENCE_S, until

IN_USE = range(1, 30_000)  # message ids that a gateway reaches in a test


def events_of(broker):
    return [contract.Event(message) for message in broker.taken()]


def wait_for(daemon, question, what, within_s=PATIENCE_S):
    """While the daemon runs."""

    def answer():
        assert daemon.running(), f"it ended: {daemon.logged()[-1500:]}"
        return question()

    def waited_for():
        return f"{what() if callable(what) else what}; {daemon.logged()[-1500:]}"

    until(answer, waited_for, within_s)


def wait_for_all(broker, readings, daemon, within_s=PATIENCE_S):
    """The last readings are taken. Only the end is looked at: the broker that is played has the
    same processor, and a backlog may be long."""

    def are_last():
        return readings.all_last([contract.Event(message) for message in broker.taken()[-50:]])

    wait_for(daemon, are_last, "the last readings", within_s)


def losses_allowed(broker):
    """Events that the broker acknowledged before they came: those it may have lost."""
    return sum(mid in IN_USE for _, mid in broker.acknowledged_unseen)


def check_heard(subscriber, readings, daemon):
    """What a subscriber of a real broker has heard is the journal."""
    daemon.stop()
    journalled = daemon.journal.payloads()
    heard = subscriber.verified()
    readings.check_complete(heard)
    end = next(e["seq"] for e in reversed(heard) if readings.is_last(e))
    received = {event.key: event.message.payload for event in heard}
    missing = [k for k, payload in journalled.items() if k[1] <= end and received.get(k) != payload]
    assert not missing, f"journalled, and not heard as it is: {missing[:5]}"


def check_delivered(broker, readings, daemon, repeats=False):
    """What the broker has taken is the journal: all of it, in order, and nothing twice that it
    had acknowledged; repeats: but for that, as its acknowledgements were not to be understood."""
    daemon.stop()
    journalled = daemon.journal.payloads()
    delivered = contract.unique(events_of(broker), protocol5=False)
    for event in delivered:
        contract.check_message(event, event.message.version == 5)
    end = next(e["seq"] for e in reversed(delivered) if readings.is_last(e))
    received = {event.key: event.message.payload for event in delivered}
    missing = [k for k, payload in journalled.items() if k[1] <= end and received.get(k) != payload]
    allowed = losses_allowed(broker)
    assert len(missing) <= allowed, f"journalled, and not delivered as it is: {missing[:5]}"
    if not missing:
        contract.check_chain(delivered)
    readings.check_complete(daemon.journal.events() if missing else delivered)
    doubled = [] if repeats else broker.doubled()
    assert not doubled, f"{len(doubled)} came again although acknowledged"
