"""Tiles, stages, links and their times; the placed topology."""
