"""What Venus makes of a VE.Bus system: states, alarms, energy. Pure."""
