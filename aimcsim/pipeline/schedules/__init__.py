"""Schedules: one short file each."""
