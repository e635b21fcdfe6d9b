"""How much memory a model will ask for, and how much there is: arithmetic, before anything is asked for."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

BYTES = 4  # of one number, float32
VOCABULARY_FOLD = 32  # what a vocabulary takes while it is read, times its file (measured: 30)


def available() -> int | None:
    """Bytes that this process can still get: what the machine has free, and what its control group leaves; None if unknown."""
    found = [n for n in (_free(), *_group()) if n is not None]
    return min(found) if found else None


def _free() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:  # elsewhere: all that there is, for want of better
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _group(root: Path = Path("/sys/fs/cgroup")) -> Iterable[int]:
    """What is left of a limit on this process's group, as a container has one."""
    for limit, used, inactive in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            most, now = int((root / limit).read_text()), int((root / used).read_text())
            lines = (root / limit).with_name("memory.stat").read_text().splitlines()
            kept = next((int(line.split()[1]) for line in lines if line.startswith(f"{inactive} ")), 0)
        except (OSError, ValueError):  # no such file, or "max"
            continue
        yield max(0, most - now + kept)


def unpacked(file: Path) -> int:
    """Bytes of a pickled file of weights once it is read; a zip may hold more than its size says."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return max(file.stat().st_size, sum(member.file_size for member in archive.infolist()))
    return file.stat().st_size


def said(size: int) -> str:
    """A number of bytes as people read it."""
    if size >= 10**15:
        return f"{size / 1e15:,.0f} PB" if size < 10**24 else "more bytes than any machine has"
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1e3:,.0f} kB"
