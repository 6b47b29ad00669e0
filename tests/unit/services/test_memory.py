from pathlib import Path

import psutil

from fintank.services import memory


def cgroup_tree(folder: Path, own: str, limits: dict[str, str]) -> tuple[Path, Path]:
    cgroups, own_file = folder / "cgroup", folder / "own"
    own_file.write_text(own)
    for name, text in limits.items():
        file = cgroups / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return cgroups, own_file


def test_without_a_limit_the_machine_sets_it(tmp_path: Path) -> None:
    limit = memory.smallest_limit(*cgroup_tree(tmp_path, "0::/", {"memory.max": "max"}))
    assert limit == memory.MemoryLimit(psutil.virtual_memory().total, "the machine")


def test_the_smallest_limit_of_all_groups_above_counts(tmp_path: Path) -> None:
    limits = {"pod/memory.max": "1000000", "pod/box/memory.max": "2000000"}
    limit = memory.smallest_limit(*cgroup_tree(tmp_path, "0::/pod/box", limits))
    assert limit == memory.MemoryLimit(1_000_000, "a control group (container)")


def test_a_limit_of_control_groups_version_1_counts(tmp_path: Path) -> None:
    limits = {
        "memory/box/memory.limit_in_bytes": "3000000",
        "memory/memory.limit_in_bytes": str(2**63 - 4096),
    }
    limit = memory.smallest_limit(*cgroup_tree(tmp_path, "5:cpu:/\n4:memory:/box", limits))
    assert limit.size_bytes == 3_000_000


def test_a_system_without_control_groups_has_the_machines_limit(tmp_path: Path) -> None:
    assert memory.smallest_limit(tmp_path / "none", tmp_path / "no_file").source == "the machine"
