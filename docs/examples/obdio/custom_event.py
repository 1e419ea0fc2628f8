"""An event of your own."""

import obdio

io = obdio.OBDio()
io.connect_obd("/dev/ttyUSB0")
sio = io.create_server()


async def custom_handler(sid, data):
    await sio.emit("custom", data)


io.create_event("custom_event", custom_handler)
io.run_server(port=48484)
