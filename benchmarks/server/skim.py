"""A body over TLS 1.3, taken off the socket without being decrypted.

To decrypt costs a receiver more than to encrypt costs a sender, so that a server which did would be what is measured.
The lengths of the records stand in the clear, and the two directions have keys of their own: what is passed over here
can still be answered, but nothing more can be read, so the connection has to be closed then.
"""

from __future__ import annotations

import socket
import ssl

HEADER_BYTES = 5
# Of a record of TLS 1.3: the tag, and the byte that says what it holds.
OVERHEAD_BYTES = 17


def skim(connection: ssl.SSLSocket, size: int, buffer: bytearray) -> bool:
    """Passes over the records that hold the next `size` bytes; false when the connection ended before."""
    records = Records()
    view = memoryview(buffer)
    while records.held < size:
        # Past the TLS layer, which holds nothing back: it reads one record at a time, and no further.
        if not (got := socket.socket.recv_into(connection, view)):
            return False
        records.feed(view[:got])
    return True


class Records:
    """Counts what the records of a stream hold, however it is cut into pieces."""

    def __init__(self) -> None:
        self.held = 0
        self._rest = 0  # of a record whose header was seen
        self._header = b""  # as far as it came

    def feed(self, data: bytes | memoryview) -> None:
        """Takes the next piece."""
        if self._header:
            data = self._header + data
        position = self._rest
        while position + HEADER_BYTES <= len(data):
            length = data[position + 3] << 8 | data[position + 4]
            self.held += length - OVERHEAD_BYTES
            position += HEADER_BYTES + length
        self._header = bytes(data[position:])
        self._rest = max(0, position - len(data))
