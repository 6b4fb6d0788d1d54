"""One use case per function: session, clock and randomness are arguments, no Flask. Callers commit."""
