"""Private places for files in the making."""
