"""Moving letters: accept each once (`inbox`), send each once (`outbox`, `delivery`).

`dialogue/` understands them; nothing here reads what they say.
"""
