# SPDX-License-Identifier: BSD-3-Clause
#
# Plain TCP connections of the lab, with a chosen source port, which swaks cannot do.
#   lab_tcp.py listen ADDRESS PORT                                 accepts until it is ended
#   lab_tcp.py connect ADDRESS PORT FROM FROM_PORT TIMEOUT_S       prints what happened
#   lab_tcp.py steady ADDRESS FROM END PORT...   one connection after the other, in turn to each port,
#                                                until END (Unix time): SECONDS PORT OUTCOME a line
import socket
import struct
import sys
import time


def listen(address, port):
    with socket.create_server((address, int(port))) as server:
        while True:
            server.accept()[0].close()


def connect(address, port, source, source_port, timeout_s):
    with socket.socket() as client:
        # The same two ports are used again in the next phase: leave nothing in TIME_WAIT.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.bind((source, int(source_port)))
        client.settimeout(float(timeout_s))
        try:
            client.connect((address, int(port)))
        except TimeoutError:
            return "blocked"
        except ConnectionRefusedError:
            return "refused"
    return "connected"


def steady(address, source, end, *ports):
    while time.time() < float(end):
        for port in ports:
            outcome = connect(address, port, source, 0, 1)
            print(f"{time.time():.3f} {port} {outcome}")
            time.sleep(0.02)


if sys.argv[1] == "listen":
    listen(*sys.argv[2:])
elif sys.argv[1] == "steady":
    steady(*sys.argv[2:])
else:
    print(connect(*sys.argv[2:]))
