"""`rowtide worker`, and the commands that prove and mend what it does."""
