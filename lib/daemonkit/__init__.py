"""The skeleton that all daemons of this suite share: arguments, logging, signals, supervision, YAML, state."""
