"""The paper exchange itself: pure, no clock and no I/O."""
