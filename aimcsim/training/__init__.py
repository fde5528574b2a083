"""Numbers: runs the kernels when the machine starts an operation."""
