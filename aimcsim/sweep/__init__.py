"""Many runs: sweeps over any path of a scenario and searches among designs, on local processes or a cluster."""
