"""Can PyTorch's own index be reached from here? Many servers reach only a mirror of the common one."""

from __future__ import annotations

import os
import ssl
import threading
import urllib.error
import urllib.request

SECONDS = 5.0


def reachable(index: str, seconds: float = SECONDS) -> bool:
    """Ask for the head of the index's page of torch, through the configured proxies.

    In a thread of its own: the time limit of a socket does not cover a name server that never answers.
    """
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(_head(f"{index.rstrip('/')}/torch/", seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answers and answers[0])


def _head(url: str, seconds: float) -> bool:
    request = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "srtui-start"})  # noqa: S310  ours, https
    authority = os.environ.get("PIP_CERT") or os.environ.get("REQUESTS_CA_BUNDLE")
    try:
        context = ssl.create_default_context(cafile=authority)
        with urllib.request.urlopen(request, timeout=seconds, context=context):  # noqa: S310  ours, https
            return True
    except urllib.error.HTTPError as error:
        return error.code == 405  # it is there, only HEAD is not allowed
    except (OSError, ValueError):
        return False
