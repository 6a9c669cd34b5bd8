"""The main job on real files or on a simulated fleet: from a machine's signature to its owners' shares."""
