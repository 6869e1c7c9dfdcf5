"""The database: tables on one page, one writer, and the statements of the hot path."""
