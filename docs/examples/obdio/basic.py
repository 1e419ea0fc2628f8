"""A vehicle on Socket.IO, in four lines."""

import obdio

io = obdio.OBDio()
io.connect_obd()
io.create_server()
io.run_server()
