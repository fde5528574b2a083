"""Devices, pulses, converters and analog tiles: the physics of one array."""
