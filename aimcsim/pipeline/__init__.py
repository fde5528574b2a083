"""Time: schedules, actions and the machine of SimPy processes. Knows no numbers."""
