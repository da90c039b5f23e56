"""Telemetry: metrics, the status page, MQTT and notifications; nothing feeds back into the loop."""
