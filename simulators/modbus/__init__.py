"""Simulated Modbus meters, inverters and gensets with faults, on TCP, UDP and a paced serial line."""
