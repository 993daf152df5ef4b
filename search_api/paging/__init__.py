"""Paging through all hits at one point in time, with signed cursors."""
