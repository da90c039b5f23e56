"""Alerts to people through Apprise, and the pulse that a dead man's switch waits for."""
