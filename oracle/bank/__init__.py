"""The bank's messages: statements in (camt.053), payouts out (pain.001), and the owners of bank accounts."""
