"""A device that sends lines to whoever connects: a scale, a scanner, a camera with its own template."""

import socket
import threading


class Sender:
    def __init__(self):
        self.connections = []
        self.changed = threading.Condition()
        self.listener = None
        self.port = 0
        self.start()

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.changed:
                self.connections.append(connection)
                self.changed.notify_all()

    def stop(self):
        """Pulled plug."""
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        self.listener = None
        with self.changed:
            for connection in self.connections:
                connection.close()
            self.connections.clear()

    close = stop

    def wait_connected(self, within_s=120):
        with self.changed:
            assert self.changed.wait_for(lambda: self.connections, within_s), "nobody connected"

    def send(self, text):
        """To the one that connected last. False: it is gone."""
        with self.changed:
            connection = self.connections[-1]
        try:
            connection.sendall(text if isinstance(text, bytes) else text.encode())
        except OSError:
            return False
        return True
