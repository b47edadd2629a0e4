"""Low Tide, a small adventure for the Game Boy that was made for this project: sources, ROM and oracle."""
