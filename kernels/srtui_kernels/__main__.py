"""``python -m srtui_kernels``: compile all kernels into the cache, a line for each as it begins."""

from srtui_kernels.warm import warm_up


def _say(done: int, total: int, name: str) -> None:
    print(f"compiling {done + 1} of {total}: {name}" if name else f"{total} kernels are ready", flush=True)


if __name__ == "__main__":
    warm_up(_say)
