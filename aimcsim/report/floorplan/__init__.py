"""The floorplan of a scenario as tables and as a drawing, and what another placement would change."""
