"""The operator's tool: `python -m mk2.tool`, also reached as `bin/venus-daemons mk2`."""
