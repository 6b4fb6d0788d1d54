"""What is stored: three databases that share no key (spec 8)."""
