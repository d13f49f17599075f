"""A connection that waits for slow clients only so long."""

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE: Final = 5.0  # seconds for a whole head
AFTER_ANSWER: Final = (
    2.0  # for the rest of a body; with the time that it had before, no client has ten seconds
)

Owed = tuple[type[h11.IDLE] | type[h11.SEND_BODY], object]


class PatientConnection(H11Protocol):
    """uvicorn's connection, closed when the client does not finish what it began.

    uvicorn itself waits for ever: for the rest of a head, and for a body that nobody reads. The time for a body
    that is being read belongs to whoever reads it.
    """

    patience = PATIENCE
    patience_after_answer = AFTER_ANSWER
    _owed: Owed | None = None
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, unless an answer is out already; whoever worked on it is told to stop."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        self.transport.close()
        if self._request is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    @property
    def _request(self) -> object | None:
        """The request answered last, or being answered; None before the first."""
        cycle: object | None = self.cycle  # None at first, whatever uvicorn's annotation says
        return cycle

    def _watch(self) -> None:
        if not self.transport.is_closing():
            self._expect(self._owed_now())

    def _owed_now(self) -> Owed | None:
        """What the client alone can go on with: a head that it began, or a body after its answer."""
        begun = self._request is None or self.conn.trailing_data[0]
        if self.conn.their_state is h11.IDLE and begun:
            return h11.IDLE, self._request
        answered = self._request is not None and self.cycle.response_complete
        if self.conn.their_state is h11.SEND_BODY and answered:
            return h11.SEND_BODY, self._request
        return None

    def _expect(self, owed: Owed | None) -> None:
        if owed == self._owed:
            return
        self._owed = owed
        if self._end is not None:
            self._end.cancel()
        self._end = None
        if owed is not None:
            is_body = owed[0] is h11.SEND_BODY
            patience = self.patience_after_answer if is_body else self.patience
            self._end = self.loop.call_later(patience, self.transport.abort)
