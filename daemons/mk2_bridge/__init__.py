"""mk2-bridge: puts a VE.Bus system behind an MK2 or MK3 on the D-Bus of Venus OS."""
