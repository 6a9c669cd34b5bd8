"""One process tree on embedded defaults: chain, gateway, oracle and api over one data folder."""
