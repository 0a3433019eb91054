"""HTTP/1.1 as uvicorn speaks it, with bounds for what comes before anybody is asked for a key."""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 65_536
"""Bytes of an address and its headers that may arrive before they end; the parser holds all of them."""
MOST_PIPELINED = 64
"""Requests that wait on one connection for the answer to the one before them."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Protocol(HttpToolsProtocol):
    """One connection. What is no HTTP gets 400 and no line in the log, which everybody could fill otherwise.

    An offer to speak another protocol is passed over (RFC 9110, 7.8), and the request answered as it is: some clients
    make one with every request. What stands behind a body is no header (RFC 9110, 6.5.1).
    """

    _unread = 0
    """Bytes that came since the last head or piece of a body was complete."""
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._unset_keepalive_if_required()
        self._unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        else:
            if self._unread > MOST_HEAD:
                self._give_up()

    def on_message_begin(self) -> None:
        """See httptools."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See httptools: what is raised is answered with 400."""
        if self.parser.get_method() == b"CONNECT" or len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("not here")
        self._unread, self._in_head = 0, False
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _go_on(self, rest: bytes) -> None:
        """Read the request once more, as if nothing else had been offered; `rest` is what follows its head."""
        kept = [each for each in self.headers if each[0] not in (b"upgrade", b"connection", b"http2-settings")]
        head = self.parser.get_method() + b" " + self.url + b" HTTP/1.1\r\n"
        head += b"".join(name + b": " + value + b"\r\n" for name, value in kept) + b"\r\n"
        parser: Any = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser = parser
        self.data_received(head + rest)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_TOO_LARGE)
        self.transport.close()
