"""Conformance cases: folders of SQL and a spec that run through a real pipeline, with every document compared."""
