"""aimcsim: discrete-event simulation of pipelined analog in-memory-computing training accelerators."""
