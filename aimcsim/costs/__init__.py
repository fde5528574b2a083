"""What a run costs beside its time: operations counted on line, unit costs with their sources, energy and area."""
