"""Trains every contender in a process of its own, and reports."""
