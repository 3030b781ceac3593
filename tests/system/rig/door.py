"""A way to a server that can be shut: who comes through is cut off, and nobody else gets in."""

import socket
import threading

from .waiting import free_port


class Door:
    def __init__(self, to_port):
        self.to_port = to_port
        self.port = free_port()
        self.lock = threading.Lock()
        self.listener = None
        self.through = []

    def open(self):
        listener = socket.create_server(("127.0.0.1", self.port))
        self.listener = listener
        threading.Thread(target=self._let_in, args=(listener,), daemon=True).start()
        return self

    def shut(self):
        with self.lock:
            listener, self.listener = self.listener, None
            through, self.through = self.through, []
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for end in through:
            self._end(end)

    close = shut

    def _let_in(self, listener):
        while True:
            try:
                inside, _ = listener.accept()
            except OSError:
                return
            try:
                outside = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:
                inside.close()  # nobody is in
                continue
            with self.lock:
                if self.listener is not listener:
                    inside.close()
                    outside.close()
                    return
                self.through += [inside, outside]
            for one, other in ((inside, outside), (outside, inside)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one, other):
        try:
            while got := one.recv(65536):
                other.sendall(got)
        except OSError:
            pass
        self._end(one)
        self._end(other)

    @staticmethod
    def _end(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()
