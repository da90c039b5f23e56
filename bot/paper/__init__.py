"""The paper exchange: a pure engine, time passed in, and what stands in front of it."""
