"""The permissioned network: one chain, a node at each bank, membership decided k of n.

:mod:`.charter` is what the members agreed, :mod:`.folder` a member's files, :mod:`.engine` what an engine must do;
:mod:`.avalanche` and :mod:`.besu` are the engines.
"""
