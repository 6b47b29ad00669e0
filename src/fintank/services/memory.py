"""How much memory this process may have: the machine's, or the limit of a container or shell."""

import resource
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil


@dataclass(frozen=True)
class MemoryLimit:
    """The smallest bound on memory in bytes, and what sets it."""

    size_bytes: int
    source: str


def smallest_limit(
    cgroups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> MemoryLimit:
    """Find the smallest of the machine's memory, the control groups' limits and `ulimit -v`."""
    limits = [MemoryLimit(psutil.virtual_memory().total, "the machine")]
    limits += [MemoryLimit(size, "a control group (container)") for size in _cgroup_limits(cgroups, own)]
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        limits.append(MemoryLimit(address_space, "ulimit -v"))
    return min(limits, key=lambda limit: limit.size_bytes)


def _cgroup_limits(cgroups: Path, own: Path) -> list[int]:
    """Read the limits of the own groups and of all groups above them, of version 2 and of version 1."""
    lines = own.read_text().splitlines() if own.exists() else []
    names = {PurePosixPath(line.split(":", 2)[-1].lstrip("/")) for line in lines}
    names |= {above for name in names for above in name.parents} | {PurePosixPath()}
    files = [cgroups / name / "memory.max" for name in names]
    files += [cgroups / "memory" / name / "memory.limit_in_bytes" for name in names]
    texts = [file.read_text().strip() for file in files if file.is_file()]
    return [int(text) for text in texts if text.isdecimal()]
