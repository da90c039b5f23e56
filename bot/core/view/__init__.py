"""What a recorded cycle says, computed once for every screen, report, metric and message."""
