"""Java properties files: what Kafka Connect reads is what was written."""

from hypothesis import given
from hypothesis import strategies as st

from cdc.properties_file import parsed, rendered

VALUES = st.dictionaries(
    st.from_regex(r"[a-z]+\.[0-9a-f]{8}", fullmatch=True), st.text(st.characters(exclude_categories=["Cs"]))
)


@given(VALUES)
def test_a_file_returns_what_was_written(values: dict[str, str]) -> None:
    assert parsed(rendered(values)) == values


def test_what_java_would_read_otherwise_is_escaped() -> None:
    # Java ignores spaces before a value, and reads a backslash as an escape; the rest of the line is the value.
    assert rendered({"a": " x\\y\n=:#é "}) == "a=\\ x\\\\y\\u000a=:#é \n"
