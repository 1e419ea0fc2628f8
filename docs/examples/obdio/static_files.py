"""A page of your own beside the events."""

from pathlib import Path

import obdio

io = obdio.OBDio()
io.connect_obd("/dev/ttyUSB0")
io.create_server()
io.serve_static({"/": str(Path(__file__).with_name("index.html"))})
io.run_server(port=48484)
