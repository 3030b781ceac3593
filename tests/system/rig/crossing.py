"""A lorry's way through a lane of `sim.lane`, each step seen before the next."""

SEAL = "GE-0047115"


def arrives(lane, subscriber, seal=SEAL):
    """It stands before the barrier and its seal is read; the mark before that."""
    mark = subscriber.mark
    lane.truck_arrives()
    subscriber.wait_event("presence.detected", since=mark)
    lane.seal_read(seal)
    subscriber.wait_event("seal.intact", since=mark)
    return mark


def drives_through(lane, subscriber, mark):
    """The barrier opens, it leaves, the barrier closes."""
    for word in ("opening", "open"):
        lane.barrier(word)
        subscriber.wait_event(f"barrier.{word}", since=mark)
    lane.truck_leaves()
    subscriber.wait_event("presence.left", since=mark)
    lane.seal_gone()
    subscriber.wait_event("seal.absent", since=mark)
    for word in ("closing", "closed"):
        lane.barrier(word)
        subscriber.wait_event(f"barrier.{word}", since=mark)


def cross(lane, subscriber, seal=SEAL):
    """One lorry, from its arrival to the closed barrier; the mark before it."""
    mark = arrives(lane, subscriber, seal)
    drives_through(lane, subscriber, mark)
    return mark
