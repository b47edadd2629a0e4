"""Ludometer: plays games with language models and says how well they play, and how sure that is."""
