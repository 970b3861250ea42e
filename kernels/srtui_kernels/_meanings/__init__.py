"""
What the words of `_vectors` mean in LLVM: Numba looks here when it compiles a kernel that says them.

The package imports this one before any other, so that the words are known before a kernel is compiled.
"""

from srtui_kernels._meanings import lanes, memory, places, products  # noqa: F401 - each tells Numba its words
