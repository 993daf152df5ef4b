"""How much memory a process took."""

from pathlib import Path


def peak_mib(pid: int) -> int:
    """The largest resident size that the process ever had, in MiB (`VmHWM`)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) >> 10
