"""One module per curve; each maps a position and its pool's state to amounts, fees owed and sensitivity."""
