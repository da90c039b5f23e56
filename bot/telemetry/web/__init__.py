"""One HTTP port: health, metrics and the status page."""
