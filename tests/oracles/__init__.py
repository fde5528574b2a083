"""Independent oracles of pipeline timing: they share no code with the simulator, only the definitions."""
