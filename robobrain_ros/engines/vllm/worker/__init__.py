"""What runs in the engine's own process; nothing else imports it."""
