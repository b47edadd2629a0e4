"""What turns observations into requests and completions into actions."""
