"""MQTT: the bot's state for whoever subscribes, and signed commands from those who hold the key."""
