"""The settings' base model and the types of their fields; everything that owns a settings table builds on it."""
