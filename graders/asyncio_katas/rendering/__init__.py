"""Renderers: each a pure function from a report to text; none knows how the report came about."""
