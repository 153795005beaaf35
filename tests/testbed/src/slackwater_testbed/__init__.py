"""Real clusters on loopback for tests."""
