"""What daemons send that are started on what a power cut has left."""

from rig.daemon import Daemon
from rig.subscriber import Subscriber
from rig.waiting import until

from . import site, verdict


class Aftermath:
    """Hears them all, each below its own root."""

    def __init__(self, broker):
        self.broker = broker
        self.subscriber = Subscriber(broker, topic="#").start()

    def close(self):
        self.subscriber.stop()

    def received(self, root):
        return [e for e in self.subscriber.events() if e.message.topic.startswith(f"{root}/")]

    def wait_sequel(self, root, held, told):
        """Until new events have come behind those that are held."""
        until(lambda: sum(e["seq"] > held for e in self.received(root)) > 5, told, within_s=600)


def faults_on_host(judged, aftermath, trace, folder):
    """Starts the daemon on a mounted state; what is wrong with what it then sends."""
    root = f"host/{judged.state.number}"
    with verdict.loop_mounted(judged.state.image, folder / "mounted") as mounted:
        address = f"127.0.0.1:{aftermath.broker.port}"
        text = site.conf("ext4", address, mounted / "journal.db", "fallback.db", root, trace)
        daemon = Daemon(folder / root, text)
        try:
            daemon.start()
            aftermath.wait_sequel(root, len(judged.events), daemon.logged)
            daemon.stop()
        finally:
            daemon.close()
        faults = verdict.chain_faults(verdict.held(mounted))
    return faults + verdict.faults_of_sequel(judged, aftermath.received(root))
