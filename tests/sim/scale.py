"""A scale on a serial line, which is the end of a pty."""

import os
import pty
import tty


class Scale:
    def __init__(self):
        self.ours, theirs = pty.openpty()
        tty.setraw(self.ours)
        tty.setraw(theirs)
        self.path = os.ttyname(theirs)
        self.theirs = theirs
        os.set_blocking(self.ours, False)

    def send(self, text):
        """False: the line is full."""
        try:
            return os.write(self.ours, text) == len(text)
        except OSError:
            return False

    def weigh(self, kg, status="G"):
        return self.send(b"\x02 %7.0f%s\x03" % (kg, status.encode()))

    def close(self):
        for fd in (self.ours, self.theirs):
            try:
                os.close(fd)
            except OSError:
                pass
