"""Scenario files: reading, checking, typing."""
