"""`python -m rowtide` runs the same as the console script `rowtide`."""

from rowtide.cli import main

main()
