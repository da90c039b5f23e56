"""What the daemon tells: metrics, the status page, MQTT and notifications; nothing leads back into the loop."""
