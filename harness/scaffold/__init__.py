"""The packages that ``ludometer new`` writes: templates, one folder a kind."""
