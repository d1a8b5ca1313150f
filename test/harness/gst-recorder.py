"""A recorder made of gst-rtsp-server's ONVIF classes: replays an MP4 file. Arguments: file, port. Prints `ready PORT`."""

import sys

import gi

for name, version in (("Gst", "1.0"), ("GstRtsp", "1.0"), ("GstRtspServer", "1.0")):
    gi.require_version(name, version)
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# Nanoseconds from 1900 to 2026: what the packets say of their time.
NTP_OFFSET = 3976214400000000000

Gst.init(None)
path, port = sys.argv[1:3]
server = GstRtspServer.RTSPOnvifServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPOnvifMediaFactory()
factory.set_replay_support(True)
factory.set_media_gtype(GstRtspServer.RTSPOnvifMedia.__gtype__)
factory.set_shared(False)
factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
factory.set_launch(
    f"( filesrc location={path} ! qtdemux ! h264parse config-interval=-1 ! rtph264pay pt=96 "
    f"! rtponviftimestamp name=pay0 ntp-offset={NTP_OFFSET} set-t-bit=true )"
)
server.get_mount_points().add_factory("/rec", factory)
server.attach(None)
print(f"ready {server.get_bound_port()}", flush=True)
GLib.MainLoop().run()
