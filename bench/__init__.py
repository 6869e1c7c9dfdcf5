"""Benchmarks: each prints a table beside a yardstick measured in the same run. `daoyi bench …`."""
