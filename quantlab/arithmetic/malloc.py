"""A setting of glibc's malloc that halves the time of evaluations.

glibc returns the memory of a freed tensor of some megabytes to the kernel. The next tensor gets
fresh pages, zeroed, with a fault for each, which takes up to half of the time of an evaluation
batch by batch. `keep_freed_memory` makes glibc keep the memory for the rest of the process.
"""

import ctypes
import functools

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
MOST_KEPT = 2**31 - 1  # bytes at the top of the heap; mallopt takes an int
LARGEST_FROM_HEAP = 32 << 20  # bytes of one allocation, the most that glibc allows


@functools.cache
def keep_freed_memory() -> bool:
    """Keep freed allocations of up to 32 MiB in this process; return whether it worked.

    Without glibc it does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc, or no library of the process at all
        return False
    from_heap = mallopt(_M_MMAP_THRESHOLD, LARGEST_FROM_HEAP)
    return bool(mallopt(_M_TRIM_THRESHOLD, MOST_KEPT) and from_heap)
