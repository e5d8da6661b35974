"""What a shortage of memory looks like: each allocator has words of its own."""

import torch

WORDS = ("can't allocate memory", "not enough memory", "bad_alloc", "out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """True if memory ran out, on the processor (where torch raises a plain RuntimeError) or on a GPU."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in WORDS)
