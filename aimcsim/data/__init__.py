"""Data sets and the endless stream of samples."""
