"""MQTT: the bot's state for subscribers, and signed commands from holders of the key."""
