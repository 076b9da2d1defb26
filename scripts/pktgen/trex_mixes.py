# SPDX-License-Identifier: BSD-3-Clause
"""TRex, stateless: the mixes of scripts/pktgen/captures as a profile. Runs inside TRex, whose library it needs.

    start -f trex_mixes.py -p 0 -m 50% -d 30 -t --capture FOLDER/plain4-64-hot.pcap
    start -f trex_mixes.py -p 0 -m 50% -d 30 -t --capture FOLDER/flood-64-cold.pcap --flood 1048576

--capture: each frame becomes a stream of its own, all at the same rate, so that -m scales the mix as a whole. At most
as many as TRex can hold; for a million frames there is Pktgen. --flood: the first frame is the pattern of one stream
whose source is a random one of so many subscribers from 10.0.0.0 on, whose destination is random, and whose checksums
the NIC computes. --latency: beside that, a stream of a thousand frames a second, made of the capture's first UDP frame
and not scaled by -m, by which TRex measures latency.

Everything above Profile is plain Python, and tested without TRex."""

import argparse
import struct

STREAMS_MAX = 4096
FILE_HEAD, FRAME_HEAD = struct.Struct("<IHHIIII"), struct.Struct("<IIII")
MAGIC, ETHERNET = 0xa1b2c3d4, 1
IP4_AT, TRANSPORT_AT = 14, 34  # in a frame of Ethernet II and IPv4 without options
SOURCE_AT, DESTINATION_AT, PORT_AT = IP4_AT + 12, IP4_AT + 16, TRANSPORT_AT
TYPE_IP4, TCP, UDP = b"\x08\x00", 6, 17
SUBSCRIBERS4 = 10 << 24
FAR4 = (11 << 24, (127 << 24) - 1)  # a part of what mkpcap draws from, in one piece
LATENCY_PPS, LATENCY_ID = 1000, 25
LATENCY_TAIL_BYTES = 16  # of payload, which TRex writes its own data over


def read_frames(path, most):
    """The frames of a capture that mkpcap has made, of which there may be so many."""
    frames = []
    with open(path, "rb") as capture:
        head = capture.read(FILE_HEAD.size)
        if len(head) < FILE_HEAD.size or FILE_HEAD.unpack(head)[0] != MAGIC or FILE_HEAD.unpack(head)[6] != ETHERNET:
            raise ValueError(f"{path} is no capture that mkpcap has made")
        while head := capture.read(FRAME_HEAD.size):
            if len(frames) == most:
                raise ValueError(f"{path} has more than {most} frames: take a capture with \"hot\" in its name")
            frames.append(capture.read(FRAME_HEAD.unpack(head)[2]))
    return frames


def first_frame(path):
    """Its first frame, however many there are."""
    with open(path, "rb") as capture:
        capture.seek(FILE_HEAD.size)
        return capture.read(FRAME_HEAD.unpack(capture.read(FRAME_HEAD.size))[2])


def is_plain4(frame, proto):
    return frame[12:14] == TYPE_IP4 and frame[IP4_AT] == 0x45 and frame[IP4_AT + 9] == proto


def flood_ranges(subscribers):
    """{offset: (bytes, least, most)} of what is random in a flood's frames."""
    return {SOURCE_AT: (4, SUBSCRIBERS4, SUBSCRIBERS4 + subscribers - 1), DESTINATION_AT: (4, *FAR4), PORT_AT: (2, 32768, 60999)}


def latency_frame(frames):
    """The first that can carry TRex's own data."""
    for frame in frames:
        if is_plain4(frame, UDP) and len(frame) >= TRANSPORT_AT + 8 + LATENCY_TAIL_BYTES:
            return frame
    raise ValueError("no frame of this capture can measure latency: it needs UDP over IPv4 without tags")


def options(tunables):
    parser = argparse.ArgumentParser(prog="trex_mixes.py", description="A mix of op25b's captures.")
    parser.add_argument("--capture", required=True, help="a capture of scripts/pktgen/captures")
    parser.add_argument("--flood", type=int, default=0, metavar="N", help="vary the first frame over N subscribers")
    parser.add_argument("--latency", action="store_true", help="add a stream that measures latency")
    return parser.parse_args(list(tunables))


class Profile:
    """What TRex calls."""

    @staticmethod
    def flood(frame, subscribers):
        # pylint: disable=import-outside-toplevel,import-error
        from trex.stl.api import CTRexVmInsFixHwCs, STLPktBuilder, STLScVmRaw, STLStream, STLTXCont, STLVmFixChecksumHw, STLVmFlowVar, STLVmWrFlowVar
        steps = []
        for offset, (size, least, most) in flood_ranges(subscribers).items():
            steps.append(STLVmFlowVar(name=f"at{offset}", min_value=least, max_value=most, size=size, op="random"))
            steps.append(STLVmWrFlowVar(fv_name=f"at{offset}", pkt_offset=offset))
        steps.append(STLVmFixChecksumHw(l3_offset=IP4_AT, l4_offset=TRANSPORT_AT, l4_type=CTRexVmInsFixHwCs.L4_TYPE_TCP))
        return STLStream(packet=STLPktBuilder(pkt_buffer=frame, vm=STLScVmRaw(steps)), mode=STLTXCont(pps=1), random_seed=1)

    @staticmethod
    def replay(frames):
        # pylint: disable=import-outside-toplevel,import-error
        from trex.stl.api import STLPktBuilder, STLStream, STLTXCont
        # They begin one after another, in the capture's order, not all at the same moment.
        return [STLStream(packet=STLPktBuilder(pkt_buffer=frame), mode=STLTXCont(pps=1), isg=float(i)) for i, frame in enumerate(frames)]

    @staticmethod
    def latency(frame, port_id):
        # pylint: disable=import-outside-toplevel,import-error
        from trex.stl.api import STLFlowLatencyStats, STLPktBuilder, STLStream, STLTXCont
        return STLStream(packet=STLPktBuilder(pkt_buffer=frame), mode=STLTXCont(pps=LATENCY_PPS),
                         flow_stats=STLFlowLatencyStats(pg_id=LATENCY_ID + port_id))

    # TRex wants a default for every argument that has a name.
    def get_streams(self, tunables=(), port_id=0, **_):
        chosen = options(tunables)
        if chosen.flood:
            frame = first_frame(chosen.capture)
            if not is_plain4(frame, TCP):
                raise ValueError(f"{chosen.capture}: --flood needs TCP over IPv4 without tags, as in flood-64-cold.pcap")
            return [self.flood(frame, chosen.flood)]
        frames = read_frames(chosen.capture, STREAMS_MAX)
        return self.replay(frames) + ([self.latency(latency_frame(frames), port_id)] if chosen.latency else [])


def register():
    return Profile()
