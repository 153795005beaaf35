"""Which backend protects what, which points make a moment, in which order they come back."""
