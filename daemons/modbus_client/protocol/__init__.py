"""The pure part: registers, packing, polling and control as machines without clock, socket or log."""
