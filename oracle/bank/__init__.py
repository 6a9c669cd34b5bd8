"""The bank's messages: statements in (camt.053), payouts out (pain.001), and who owns which bank account."""
