"""`python -m rowtide` is the console script `rowtide`."""

from rowtide.cli import main

main()
