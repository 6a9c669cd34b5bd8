"""The API's own tables: tokens, sessions, idempotency keys. They live in the oracle's database."""
