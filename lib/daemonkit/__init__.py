"""The skeleton that all daemons of this suite share: arguments, logging, signals, supervision, YAML, state.

A daemon is a Program, and its __main__.py is `sys.exit(run(PROGRAM))`:

    async def main(context: Context) -> None:
        bus = await open_bus(context.bus_address, library=context.bus_library)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bus.wait_lost())
            tasks.create_task(keep_connected("MQTT broker", session))

    PROGRAM = Program("my-daemon", "What it does.", main, add_arguments, check, expected=(BusLost,))
"""
