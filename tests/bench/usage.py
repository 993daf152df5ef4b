"""What a process used, from /proc."""

import os
from pathlib import Path


def peak_bytes(status: str) -> int:
    """Read VmHWM, the peak of resident memory, from the text of /proc/<pid>/status; 0 if it is not there."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    return 0


def cpu_ticks(stat: str) -> int:
    """Read user and system time of all threads, in clock ticks, from the text of /proc/<pid>/stat."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def read_peak(pid: int) -> int:
    """Peak of resident memory in bytes."""
    return peak_bytes(Path(f"/proc/{pid}/status").read_text())


def read_cpu(pid: int) -> float:
    """CPU seconds so far."""
    return cpu_ticks(Path(f"/proc/{pid}/stat").read_text()) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, object]:
    """What the figures depend on: CPU, cores, memory."""
    info = Path("/proc/cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": models[0] if models else "unknown",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(pages / 2**30),
        "load_1m_at_start": round(os.getloadavg()[0], 2),
    }
