"""What large tensors cost before anything is computed: memory that is fetched again and again.

glibc gives the memory of a freed tensor of some megabytes back to the kernel, which hands out fresh
pages for the next one, zeroed, with a fault for each. In an evaluation batch by batch that is up to
half of the time. `keep_freed_memory` makes glibc keep what a process has had once, for the rest of
its life. It can't fail: elsewhere than on glibc it does nothing.
"""

import ctypes
import functools

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
MOST_KEPT = 2**31 - 1  # bytes at the top of the heap; as much as mallopt can be told
LARGEST_FROM_HEAP = 32 << 20  # bytes of one allocation, the most that glibc allows


@functools.cache
def keep_freed_memory() -> bool:
    """For allocations of up to 32 MiB in this process; whether the allocator agreed."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc, or no library of the process at all
        return False
    from_heap = mallopt(_M_MMAP_THRESHOLD, LARGEST_FROM_HEAP)
    return bool(mallopt(_M_TRIM_THRESHOLD, MOST_KEPT) and from_heap)
