"""A default event replaced: this one takes a single command and watches it for everybody."""

import obd

import obdio

io = obdio.OBDio()
io.connect_obd("/dev/ttyUSB0")
sio = io.create_server(json=obdio)


async def show(response):
    await sio.emit("watching", response)


io.watch_callback = show


@sio.event
async def watch(sid, cmd):
    io.connection.watch(obd.commands[cmd])
    await sio.emit("event")


io.run_server(port=48484)
