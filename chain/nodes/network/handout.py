"""The README and the systemd unit that a member's folder brings to its bank."""

from __future__ import annotations

from counterfoil.chain.nodes.network.engines.engine import Engine
from counterfoil.chain.nodes.network.folder import MemberFolder


def readme(engine: Engine, folder: MemberFolder) -> str:
    """The README of *folder*."""
    network, me = folder.network, folder.me
    others = "".join(
        f"| {m.name} | {m.host}:{m.peer_port} | `{m.node_id}` |\n" for m in network.members
    )
    return f"""# {me.name}'s node of {network.name}

This folder is all that the node of **{me.name}** needs, keys included: give it to nobody else, and keep it outside of
any repository. Its passphrase comes by another way; it opens `keys/owner.json` (votes on who is a member) and
`keys/account.json` (`{me.account}` on the chain). The node's own keys are in clear, because the engine
({engine.name}) reads them so; they are readable by their owner alone.

```
counterfoil network install                 # once a machine
counterfoil network start .                 # in this folder; stop and status alike
counterfoil network status .
```

Or under systemd: set `User=` and the paths in `counterfoil-{me.name}.service` and link it into
`/etc/systemd/system`. The node listens on {me.host}:{me.peer_port} for the other members, and on
127.0.0.1:{folder.rpc_port} for this bank's own programs, which read at:

    {engine.rpc_url(folder)}

Keep `keys/` in a backup (`counterfoil network backup . FILE`). The data can be lost: a node that comes back with its
keys alone fetches the chain from the others.

| member | the others reach it at | node |
|---|---|---|
{others}
Clocks must agree to within a few seconds: run a time service. Open the first port to the other members and to nobody
else.
"""


def unit(folder: MemberFolder) -> str:
    """The systemd unit that runs the node of *folder*."""
    return f"""[Unit]
Description=Counterfoil: {folder.name}'s node of {folder.network.name}
After=network-online.target time-sync.target
Wants=network-online.target
# A node whose peers are away is started again for as long as it takes:
StartLimitIntervalSec=0

[Service]
Type=exec
# The account that owns the folder and has built the engine, and where counterfoil is installed:
User=counterfoil
ExecStart=/usr/bin/env counterfoil network run {folder.path}
Restart=always
RestartSec=5
# The command ends the node, and the node its chain:
KillMode=mixed
TimeoutStopSec=90
LimitNOFILE=32768
UMask=0077
# Nothing is written outside of this folder; the node's temporary files lie in data/tmp.
ProtectSystem=strict
ReadWritePaths={folder.path}
PrivateTmp=true
PrivateDevices=true
NoNewPrivileges=true
CapabilityBoundingSet=
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectControlGroups=true
RestrictSUIDSGID=true
RestrictNamespaces=true
LockPersonality=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK

[Install]
WantedBy=multi-user.target
"""
