"""gst-rtsp-server as a redirector: one rtspsrc, shared by all who watch /card. Arguments: the source's URL, the port."""

import sys

import gi

for name in ("Gst", "GstRtsp", "GstRtspServer"):
    gi.require_version(name, "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

source, port = sys.argv[1:3]
Gst.init(None)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
factory.set_launch(
    "( rtspsrc location=%s protocols=tcp latency=0 ! rtph264depay ! h264parse ! "
    "rtph264pay name=pay0 pt=96 config-interval=-1 )" % source
)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
server.get_mount_points().add_factory("/card", factory)
server.attach(None)
GLib.MainLoop().run()
