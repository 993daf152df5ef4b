"""What a caller can do with an index: search, suggestions, corrections, explanations, histograms and aggregates."""
