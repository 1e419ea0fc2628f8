"""The operator's command line, bin/venus-daemons."""
