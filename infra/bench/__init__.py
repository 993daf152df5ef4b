"""`rowtide bench`: rates and latencies of the whole pipeline, measured on real servers in one run on one machine."""
