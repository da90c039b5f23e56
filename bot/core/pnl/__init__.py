"""Profit and loss, booked from each part's own source."""
