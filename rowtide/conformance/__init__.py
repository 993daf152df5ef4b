"""Conformance cases: folders of SQL and a spec that run through a real pipeline, every document compared at each step."""
