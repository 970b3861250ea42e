"""The part of ``./start`` that may use today's Python: standard library only, before anything is installed."""
