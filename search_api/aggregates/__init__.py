"""Adding up an index by up to three dimensions."""
