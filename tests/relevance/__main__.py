"""`python -m tests.relevance`: measure the judged queries on real servers; the last line is JSON."""

from tests.relevance.measurement import corpus, measure, summary, table
from tests.support.servers.services import running_stack


def main() -> None:
    """Print the table by class and the summary."""
    with running_stack("relevance") as stack, corpus(stack.addresses) as (api, documents):
        measured = measure(api, documents)
    print(*table(measured), summary(measured), sep="\n")  # noqa: T201  # It is a program.


main()
