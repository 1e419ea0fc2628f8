"""obdio as the server's JSON module, so that handlers can emit python-OBD's objects; any web page may connect."""

import obdio

io = obdio.OBDio()
io.connect_obd("/dev/ttyUSB0")
sio = io.create_server(cors_allowed_origins="*", json=obdio)


@sio.event
async def everything(sid):
    responses = [io.connection.query(command) for command in io.connection.supported_commands]
    await sio.emit("everything", responses, to=sid)


io.run_server(port=48484)
