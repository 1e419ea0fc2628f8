"""One certain adapter; the arguments are python-OBD's."""

import obdio

io = obdio.OBDio()
io.connect_obd("/dev/ttyUSB0", protocol="6")
io.create_server()
io.run_server(host="127.0.0.1", port=48484)
"""Use host="0.0.0.0" to be reached from the network: then everybody on it can, as this library asks for no password."""
