"""The only place that talks to an EVM: nodes, client, sender, events, errors, deployment."""
