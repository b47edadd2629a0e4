"""What games share that are programs of the desktop: a display, keys, pictures. No game by itself."""
