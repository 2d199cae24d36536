"""Thousands of sessions measured in parallel, into one table."""
