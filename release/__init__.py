"""Makes the archives that are installed on a GX. Runs on the developer's machine, never on a GX."""
