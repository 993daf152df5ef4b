"""Which commands a workload issues how often."""

from collections.abc import Mapping

from writer.errors import WriterError

# A working day of the shop. The weights are relative; every kind of command occurs.
WORKDAY: Mapping[str, int] = {
    "place": 26,
    "draft": 4,
    "submit": 3,
    "amend": 12,
    "deposit": 2,
    "pay": 18,
    "ship": 12,
    "deliver": 8,
    "cancel": 5,
    "return": 2,
    "archive": 1,
    "delete": 3,
    "tag": 5,
    "untag": 2,
    "delete_tag": 1,
    "new_customer": 3,
    "change_customer": 3,
    "move_address": 3,
    "rename": 2,
    "reprice": 4,
}
# Nothing but changes that reach many orders at once.
FAN_OUT: Mapping[str, int] = {"rename": 4, "reprice": 4, "change_customer": 3, "move_address": 3, "delete_tag": 1}
# A working day for a load that runs for hours: fewer new orders, and tags stay in use.
LONG_DAY: Mapping[str, int] = {kind: 10 * weight for kind, weight in WORKDAY.items()} | {"place": 90, "delete_tag": 1}
NAMED: Mapping[str, Mapping[str, int]] = {"workday": WORKDAY, "long-day": LONG_DAY, "fan-out": FAN_OUT}


class MixError(WriterError):
    """The mix on the command line cannot be understood."""


def parse_mix(text: str) -> Mapping[str, int]:
    """A name (`workday`, `long-day`, `fan-out`) or weights like `place=3,amend=1`. Raises MixError."""
    if text in NAMED:
        return NAMED[text]
    weights: dict[str, int] = {}
    for part in text.split(","):
        kind, _, weight = part.strip().partition("=")
        if kind not in WORKDAY or not weight.isdecimal():
            raise MixError(
                f"'{part.strip()}' in the mix is neither a name ({', '.join(NAMED)}) nor kind=weight. "
                f"Kinds: {', '.join(WORKDAY)}."
            )
        weights[kind] = int(weight)
    if not any(weights.values()):
        raise MixError("Every weight of the mix is 0. Give at least one kind a weight above 0.")
    return weights
