"""Ports of loopback, each led to the port of the same number on a machine's own loopback.

Run as a file, with the machine's process and the ports as arguments; it imports nothing but the
standard library.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

LOOPBACK = "127.0.0.1"
CHUNK = 65_536
CLONE_NEWNET = 0x40000000


def main(arguments: Sequence[str]) -> None:
    """Listen out here, then step into the machine's network and lead on from there."""
    process, *ports = arguments
    listening = [(int(port), socket.create_server((LOOPBACK, int(port)))) for port in ports]
    _enter_network(process)
    asyncio.run(_serve(listening))


def _enter_network(process: str) -> None:
    # os.setns is there from Python 3.12 on.
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{process}/ns/net") as network:  # noqa: PTH123  a descriptor, not a text
        if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


async def _serve(listening: Sequence[tuple[int, socket.socket]]) -> None:
    servers = [await _lead(port, listener) for port, listener in listening]
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _lead(port: int, listener: socket.socket) -> asyncio.Server:
    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner, outer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
        for each in (writer, outer):
            each.close()

    return await asyncio.start_server(on_connection, sock=listener)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(CHUNK):
            writer.write(piece)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1:])
    os._exit(0)
