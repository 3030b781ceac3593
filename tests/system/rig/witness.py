"""How late this machine is, without any doing of the daemon's."""

import threading
import time

TICK_S = 0.02


class Witness:
    """A thread that asks for 20 ms again and again, and notes what it was kept waiting beyond."""

    def __init__(self):
        self.worst_s = 0.0
        self._going = True
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        before = time.monotonic()
        while self._going:
            time.sleep(TICK_S)
            now = time.monotonic()
            self.worst_s = max(self.worst_s, now - before - TICK_S)
            before = now

    def stop(self):
        self._going = False

    def allowed(self, promised_s):
        """What was promised for a machine that does nothing else, on this one."""
        return promised_s + 4 * self.worst_s
