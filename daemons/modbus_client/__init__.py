"""Modbus meters, inverters and gensets on the D-Bus of a Venus OS device."""
