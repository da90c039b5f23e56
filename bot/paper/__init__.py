"""The paper exchange: a pure engine, time passed in, and the adapters in front of it."""
