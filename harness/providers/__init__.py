"""What reaches the models."""
