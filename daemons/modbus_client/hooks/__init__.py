"""What a definition file cannot say, one family per file; each is a generator of requests, without I/O."""
