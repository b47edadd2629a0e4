"""How past turns become messages."""
