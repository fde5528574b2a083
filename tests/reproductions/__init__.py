"""Published experiments: what they say, what the shipped sweeps of the same name give, and whether the claims hold."""
