"""Plain NumPy twins of the kernels: slow, obvious, never optimised."""
