"""The permissioned network: one chain, a node at each bank, membership decided k of n.

:mod:`.charter` is the members' agreement, :mod:`.folder` a member's files, :mod:`.engines` the programs of the nodes.
"""
