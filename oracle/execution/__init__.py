"""Instructions carried out, and the keys of parties that are kept here."""
