"""One torch thread in these tests: the networks are tiny, and two threads on a busy machine wait for one another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def training_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a dataset for the small trainings."""
    from tests.engine.training_cases import make_dataset  # loads the kernels, which most tests here do not need

    return make_dataset(tmp_path_factory.mktemp("dataset"))
