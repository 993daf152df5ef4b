"""Where the checkout and the tests' data are."""

from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
TESTS = CHECKOUT / "tests"
CASES = TESTS / "cases"
EXAMPLES = CHECKOUT / "rowtide" / "examples"
