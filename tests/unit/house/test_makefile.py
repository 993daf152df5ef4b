"""Every target of the Makefile has a rule: a name in .PHONY without one would silently do nothing."""

import re

from tests.support.paths import CHECKOUT

MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
PHONY = next(line for line in MAKEFILE.splitlines() if line.startswith(".PHONY:")).split()[1:]


def test_every_target_has_a_recipe_and_a_description() -> None:
    rules = {name: (needs, recipe) for name, needs, recipe in re.findall(r"(?m)^([a-z-]+):(.*)\n(\t?)", MAKEFILE)}
    assert sorted(rules) == sorted(PHONY)
    idle = [name for name, (needs, recipe) in rules.items() if not recipe and not needs.partition("##")[0].strip()]
    assert idle == []
    assert [name for name, (needs, _) in rules.items() if "##" not in needs] == []
