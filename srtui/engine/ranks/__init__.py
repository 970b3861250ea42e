"""The processes that train one network together: one per GPU. With one GPU there is one, and nothing is exchanged.

Gradients travel through torch.distributed (NCCL, or gloo between CPUs). What is decided, who is alive and why somebody
ended travels over lines of our own (`lines`): they have no time limit while everybody lives, however long a validation,
a full disk or a pause takes, and they know at once when somebody has died.
"""

from srtui.engine.ranks.protocol import Alone, Ranks

__all__ = ["Alone", "Ranks"]
