"""The warehouse: release, waves, picking and packing."""
