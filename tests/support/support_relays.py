"""Relays between nodes on one machine, so that a test can cut their connections and join them again.

Each node listens at an address that nobody is told (127.0.1.n) and is known to the others by its relay's (127.0.2.n).
A relay learns from the kernel which node a connection comes from. It needs no privileges.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from support_network import BankNetwork

from counterfoil.chain.nodes.network.engines.process import running_pid

_PIECE = 65_536


def hide_behind_relays(network: BankNetwork) -> None:
    """Change the folders of *network*: the nodes know each other by their relays."""
    at = {name: n for n, name in enumerate(network.members, 1)}
    for name, folder in network.members.items():
        known = [
            replace(m, host=f"127.0.2.{at[m.name]}") if m.name in at else m
            for m in folder.network.members
        ]
        hidden = replace(
            folder,
            network=replace(folder.network, members=known),
            options=(f"--staking-host=127.0.1.{at[name]}",),
        )
        hidden.write()
        network.members[name] = hidden


class Relays:
    """The relays of all nodes, in a thread of their own, as a context."""

    def __init__(self, network: BankNetwork) -> None:
        self._network = network
        self._ports = {f.me.host: f.me.peer_port for f in network.members.values()}
        self._names = {f.me.host: name for name, f in network.members.items()}
        self._cut: set[frozenset[str]] = set()
        self._open: dict[asyncio.StreamWriter, frozenset[str]] = {}
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Relays:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self, one: Iterable[str], other: Iterable[str]) -> None:
        """End all connections between the two halves and let no new ones through."""
        others = tuple(other)
        self._cut = {frozenset((a, b)) for a in one for b in others}
        self._loop.call_soon_threadsafe(self._close_cut)

    def heal(self) -> None:
        """Let everything through again."""
        self._cut = set()

    async def _listen(self) -> None:
        for host, port in self._ports.items():
            self._servers.append(await asyncio.start_server(self._relay, host, port))

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        relays = asyncio.all_tasks() - {asyncio.current_task()}
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    def _close_cut(self) -> None:
        for writer, pair in list(self._open.items()):
            if pair in self._cut:
                writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("sockname")
        source = self._source_of(writer.get_extra_info("peername")[1])
        pair = frozenset((source, self._names[host]))
        if pair in self._cut:
            writer.close()
            return
        try:
            onward = await asyncio.open_connection(host.replace("127.0.2.", "127.0.1."), port)
        except OSError:
            writer.close()
            return
        self._open |= {writer: pair, onward[1]: pair}
        try:
            await asyncio.gather(_pump(reader, onward[1]), _pump(onward[0], writer))
        finally:
            for end in (writer, onward[1]):
                self._open.pop(end, None)
                end.close()

    def _source_of(self, port: int) -> str:
        """The node whose socket has this local port."""
        inodes = set()
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port and fields[9] != "0":
                inodes.add(f"socket:[{fields[9]}]")
        for name, folder in self._network.members.items():
            pid = running_pid(folder)
            for link in Path(f"/proc/{pid}/fd").iterdir() if pid else ():
                try:
                    if str(link.readlink()) in inodes:
                        return name
                except OSError:
                    continue
        return "nobody"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
