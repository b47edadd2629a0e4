"""Contract-test kits and fakes, shipped for plugin authors."""
