"""Speed, measured against named peers side by side in one run: ``python -m benchmarks NAME``."""
