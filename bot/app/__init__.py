"""The application: settings, wiring, and the cycle."""
