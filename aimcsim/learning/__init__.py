"""Learning algorithms: what a layer keeps on arrays and how it is updated."""
