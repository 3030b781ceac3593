"""A link between a gateway and its broker: slow, far, and disturbed at will.

A TCP proxy. What TCP hides from those who use it stays hidden: nothing is reordered within a
direction, but pieces are late, cut up anew, wrong, or never come; and what a gateway has sent on
a connection that is gone may reach the broker after the next one has begun.
"""

import asyncio
import contextlib
import random
import socket
import struct

from .loop import Loop

UP, DOWN = "up", "down"  # to the broker, to the gateway
SEGMENT = 1400
FAST_BUFFER = 256 * 1024  # held of each direction, where nothing limits it
SLOW_BUFFER = 2304  # the least that the kernel gives: else it hides seconds of a slow link


class Direction:
    """What is set for one direction, of all connections."""

    def __init__(self, rate):
        self.rate = rate  # bytes/s, None: no limit
        self.bytes = 0
        self.open = asyncio.Event()
        self.drips = False
        self.corrupt = 0  # pieces still to be spoilt


class Link:
    """rate: bytes/s each way (up_rate, down_rate: one way); delay: seconds, there and back;
    jitter: seconds more or less of them, at random."""

    def __init__(
        self, to_port, rate=None, delay=0.0, up_rate=None, down_rate=None, jitter=0.0, seed=0
    ):
        self.to_port, self.delay, self.jitter = to_port, delay, jitter
        self.rates = {UP: up_rate or rate, DOWN: down_rate or rate}
        self.chance = random.Random(seed)
        self.recuts = False
        self.refuses = False
        self.connections = 0
        self.passages = []
        self.loop = None

    # ---- for tests

    def start(self):
        self.loop = Loop()
        self.loop.run(self._open())
        return self

    def close(self):
        if self.loop:
            self.cut()
            self.loop.run(self._shut())
            self.loop.close()
            self.loop = None

    def bytes(self, way=UP):
        """TCP payload that came in, so far."""
        return self.ways[way].bytes

    def cut(self, reset=True):
        """Ends every connection, at both ends."""
        self._now(lambda: [passage.end(reset) for passage in list(self.passages)])

    def vanish(self):
        """The connections that there are carry nothing any more, and nobody is told."""
        self._now(lambda: [passage.vanish() for passage in self.passages])

    def straggle(self, for_s):
        """The gateway is cut off at once; what it had sent reaches the broker later."""
        self._now(lambda: [passage.begin_to_straggle(for_s) for passage in self.passages])

    def block(self, *ways):
        """A black hole, in one direction or both, until heal()."""
        self._now(lambda: [self.ways[way].open.clear() for way in ways or (UP, DOWN)])

    def refuse(self):
        """Nobody new is let through, until heal()."""
        self.refuses = True

    def drip(self, *ways):
        for way in ways or (UP, DOWN):
            self.ways[way].drips = True

    def corrupt(self, *ways, pieces=1):
        """Spoils the next pieces by a bit each."""
        for way in ways or (UP, DOWN):
            self.ways[way].corrupt = pieces

    def recut(self, jitter=0.02):
        """Pieces of other lengths, at other times: all the reordering that TCP lets through."""
        self.recuts, self.jitter = True, jitter

    def heal(self):
        def heal():
            self.refuses = self.recuts = False
            self.jitter = 0.0
            for way in self.ways.values():
                way.drips, way.corrupt = False, 0
                way.open.set()

        self._now(heal)

    # ---- within

    def _now(self, call):
        async def there():
            call()

        self.loop.run(there())

    async def _open(self):
        self.ways = {way: Direction(self.rates[way]) for way in (UP, DOWN)}
        for way in self.ways.values():
            way.open.set()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._size_buffer(self.listener, UP)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.accepting = asyncio.create_task(self._accept())

    def _size_buffer(self, end, way):
        if self.rates[way]:
            size = max(SLOW_BUFFER, self.rates[way] // 10)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            inside, _ = await loop.sock_accept(self.listener)
            if self.refuses:
                hang_up(inside, reset=True)
                continue
            self.connections += 1
            passage = Passage(self, inside)
            self.passages.append(passage)
            passage.task = asyncio.create_task(passage.run())

    async def _shut(self):
        self.accepting.cancel()
        self.listener.close()


class Passage:
    """One connection through the link. Its sockets are closed when nobody waits for them."""

    def __init__(self, link, inside):
        self.link, self.inside = link, inside
        self.outside = socket.socket()
        self.tasks = {}
        self.resets = self.vanished = self.straggles = False

    async def run(self):
        try:
            await self._connect()
            lines = {way: Line(self, way) for way in (UP, DOWN)}
            for way, line in lines.items():
                self.tasks[way, "in"] = asyncio.create_task(line.take_in())
                self.tasks[way, "out"] = asyncio.create_task(line.give_out())
            await asyncio.wait(self.tasks.values())
            if self.vanished:
                await asyncio.Event().wait()
        except OSError:
            self.resets = True
        finally:
            await self._stop(*self.tasks)
            for end in (self.inside, self.outside):
                hang_up(end, self.resets)
            self.link.passages.remove(self)

    async def _connect(self):
        for end in (self.inside, self.outside):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link._size_buffer(self.outside, DOWN)
        address = ("127.0.0.1", self.link.to_port)
        await asyncio.get_running_loop().sock_connect(self.outside, address)

    def ends(self, way):
        return (self.inside, self.outside) if way == UP else (self.outside, self.inside)

    async def _stop(self, *which):
        for key in which:
            self.tasks[key].cancel()
        if which:
            await asyncio.wait([self.tasks[key] for key in which])

    def end(self, reset):
        self.resets = reset
        self.task.cancel()

    def vanish(self):
        """Nothing moves any more; the sockets stay until the link is closed."""
        self.vanished = True
        for task in self.tasks.values():
            task.cancel()

    def begin_to_straggle(self, for_s):
        self.straggles = True
        self.straggling = asyncio.create_task(self._straggle(for_s))

    async def _straggle(self, for_s):
        await self._stop((UP, "in"), (DOWN, "out"))
        hang_up(self.inside, reset=True)
        await asyncio.sleep(for_s)
        self.end(reset=False)


class Line:
    """One direction of a connection: as fast as the rate, and later by the delay."""

    def __init__(self, passage, way):
        self.passage, self.link = passage, passage.link
        self.way = self.link.ways[way]
        self.source, self.sink = passage.ends(way)
        self.upwards = way == UP
        self.held = 0
        self.taken_out = asyncio.Event()
        self.pieces = asyncio.Queue()
        self.free_at = self.last_due = 0.0

    def _piece(self):
        if self.link.recuts:
            return self.link.chance.randrange(1, SEGMENT)
        if self.way.rate:
            return max(32, min(SEGMENT, self.way.rate // 20))
        return 65536

    async def take_in(self):
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(self.source, self._piece()):
                self.way.bytes += len(data)
                await self._pace(len(data))
                self._put(data)
                while self.held > FAST_BUFFER:
                    self.taken_out.clear()
                    await self.taken_out.wait()
        self.pieces.put_nowait((self.last_due, None))

    async def _pace(self, size):
        if not self.way.rate:
            return
        now = asyncio.get_running_loop().time()
        self.free_at = max(now, self.free_at) + size / self.way.rate
        await asyncio.sleep(self.free_at - now)

    def _put(self, data):
        late = self.link.delay / 2 + self.link.jitter * self.link.chance.random()
        self.last_due = max(self.last_due, asyncio.get_running_loop().time() + late)
        self.held += len(data)
        self.pieces.put_nowait((self.last_due, data))

    async def give_out(self):
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                due, data = await self.pieces.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self.way.open.wait()
                if self.passage.straggles and self.upwards:
                    await asyncio.sleep(0.05)  # the next connection is quicker
                if data is None:
                    self.sink.shutdown(socket.SHUT_WR)
                    return
                await self._give(data)
                self.held -= len(data)
                self.taken_out.set()

    async def _give(self, data):
        loop = asyncio.get_running_loop()
        if self.way.corrupt > 0:
            self.way.corrupt -= 1
            data = spoilt(data, self.link.chance)
        if not self.way.drips:
            await loop.sock_sendall(self.sink, data)
            return
        for at in range(len(data)):
            await loop.sock_sendall(self.sink, data[at : at + 1])
            await asyncio.sleep(0.001)


def spoilt(data, chance):
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def hang_up(end, reset):
    with contextlib.suppress(OSError):
        if reset:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()


class Disturber:
    """Disturbances by chance, the same for the same seed: begin() one, end() it."""

    KINDS = ("cut", "close", "vanish", "straggle", "hole", "up hole", "down hole", "drip", "recut",
             "refuse")  # fmt: skip

    def __init__(self, link, seed, corrupts=()):
        """corrupts: the directions whose bytes may be spoilt."""
        self.link, self.chance = link, random.Random(seed)
        self.corrupts = tuple(corrupts)
        self.kinds = self.KINDS + ("corrupt",) * bool(corrupts)
        self.rest = []
        self.done = []

    def begin(self):
        """Its name; and for how long it is to last, s."""
        if not self.rest:
            self.rest = list(self.kinds)
            self.chance.shuffle(self.rest)
        kind, lasts_s = self.rest.pop(), self.chance.uniform(0.05, 0.6)
        self.done.append(kind)
        link = self.link
        {
            "cut": link.cut,
            "close": lambda: link.cut(reset=False),
            "vanish": link.vanish,
            "straggle": lambda: link.straggle(lasts_s),
            "hole": link.block,
            "up hole": lambda: link.block(UP),
            "down hole": lambda: link.block(DOWN),
            "drip": link.drip,
            "recut": link.recut,
            "refuse": lambda: (link.refuse(), link.cut()),
            "corrupt": lambda: link.corrupt(*self.corrupts, pieces=1),
        }[kind]()
        return kind, lasts_s

    def end(self):
        self.link.heal()
