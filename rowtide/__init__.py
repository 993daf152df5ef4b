"""The command line of Rowtide, and what a user runs as a whole: the demo, the smoke test and the conformance cases.

The top room: it may import every other room, and no other room imports it.
"""
