/* A Modbus server on libmodbus, an implementation that shares nothing with ours.
 * usage: libmodbus_server tcp PORT | rtu TTY BAUD UNIT
 * Its registers come on standard input: "h|i ADDRESS VALUE" per line, ended by an empty line. */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    char line[64], table;
    int address, value, listener = -1, is_tcp = argc == 3 && !strcmp(argv[1], "tcp");
    if (!is_tcp && argc != 5) return 2;
    modbus_t *ctx = is_tcp ? modbus_new_tcp("127.0.0.1", atoi(argv[2])) : modbus_new_rtu(argv[2], atoi(argv[3]), 'N', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new(100, 0, 65536, 65536);
    if (!ctx || !map) return 1;
    while (fgets(line, sizeof line, stdin) && sscanf(line, "%c %d %d", &table, &address, &value) == 3)
        (table == 'h' ? map->tab_registers : map->tab_input_registers)[address & 0xFFFF] = value;
    if (!is_tcp) modbus_set_slave(ctx, atoi(argv[4]));
    if (is_tcp) listener = modbus_tcp_listen(ctx, 1);
    else if (modbus_connect(ctx)) { fprintf(stderr, "%s\n", modbus_strerror(errno)); return 1; }
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (is_tcp) modbus_tcp_accept(ctx, &listener);
        for (;;) {
            uint8_t query[MODBUS_MAX_ADU_LENGTH];
            int size = modbus_receive(ctx, query);
            if (size > 0) modbus_reply(ctx, query, size, map);
            else if (size < 0 && is_tcp) break;
        }
    }
}
