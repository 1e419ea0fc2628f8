"""All watched values collected in one dictionary, and that sent once per second."""

import obdio

io = obdio.OBDio()
io.connect_obd("/dev/ttyUSB0")
sio = io.create_server(json=obdio)
data = {}


def cache_values(response):
    data[response.command.name] = response


io.watch_callback = cache_values


@sio.event
async def stream(sid):
    while sio.manager.is_connected(sid, "/"):
        await sio.emit("stream", data, to=sid)
        await sio.sleep(1)


io.run_server(port=48484)
