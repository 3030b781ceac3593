"""An asyncio loop in a thread of its own, for servers that a test plays."""

import asyncio
import threading


class Loop:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine, within_s=30):
        """Runs it over there, and waits for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(within_s)

    def soon(self, call, *arguments):
        self.loop.call_soon_threadsafe(call, *arguments)

    def close(self):
        if self.loop.is_closed():
            return
        self.run(self._cancel())
        self.soon(self.loop.stop)
        self.thread.join(timeout=10)
        self.loop.close()

    @staticmethod
    async def _cancel():
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
