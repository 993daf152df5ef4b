"""Sums, averages, percentiles and counts over the documents that match a search, by up to three dimensions."""
