"""srtui: train a super-resolution network for your tapes and apply it, from a terminal."""

__version__ = "0.1.0"
