"""The loop: observe, decide, execute, record; it knows ports only, no adapter and no telemetry."""
