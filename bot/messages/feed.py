"""Who waits for news of a conversation in this process. A hint only: the truth is in the tables."""

import asyncio
from collections import defaultdict


class Feed:
    """Wakes streams when something was said; `EVERYTHING` hears of every conversation."""

    EVERYTHING = 0

    def __init__(self) -> None:
        self._waiting: dict[int, set[asyncio.Event]] = defaultdict(set)
        self.closed = False

    def said(self, conversation_id: int) -> None:
        """Wake whoever waits for this conversation, or for all; call it on the event loop."""
        for key in (conversation_id, self.EVERYTHING):
            for event in self._waiting.get(key, ()):
                event.set()

    async def wait(self, conversation_id: int, seconds: float) -> bool:
        """Wait for news at most `seconds`; say whether there is any."""
        if self.closed:
            return False
        event = asyncio.Event()
        self._waiting[conversation_id].add(event)
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._waiting[conversation_id].discard(event)
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]

    def close(self) -> None:
        """Send everybody home: streams end at once, so that the process can stop."""
        self.closed = True
        for events in self._waiting.values():
            for event in events:
                event.set()
