"""A camera: gst-rtsp-server with a live H.264 picture at /cam (and G.711 sound at /av, alone at /sound; AAC at /aac; Opus at /opus;
AAC, Opus and data at /tracks; B-frames at /bframes; H.265 at /h265 where GStreamer has an encoder).

Arguments: port (0 takes a free one), then optionally digest user and password, the gap between keyframes in frames,
the picture (a pattern of videotestsrc), the listening address and the transports (udp, tcp or both with a +).
Prints `ready PORT` once it listens.
"""

import sys

import gi

for name in ("Gst", "GstRtsp", "GstRtspServer"):
    gi.require_version(name, "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

arguments = sys.argv[1:] + [""] * 7
port, user, password, gap, pattern, address, protocols = arguments[:7]

VIDEO = (
    "videotestsrc is-live=true pattern=%s ! video/x-raw,width=320,height=240,framerate=25/1 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=%s bitrate=400 ! "
    "video/x-h264,profile=baseline ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96" % (pattern or "ball", gap or "25")
)
TRACKS = (
    " audiotestsrc is-live=true ! audioconvert ! avenc_aac ! rtpmp4gpay name=pay1 pt=97"
    " audiotestsrc is-live=true freq=880 ! audioresample ! opusenc ! rtpopuspay name=pay2 pt=98"
    " audiotestsrc is-live=true freq=220 ! mulawenc ! rtppcmupay name=pay3 pt=0"
    " videotestsrc is-live=true pattern=snow ! video/x-raw,width=16,height=16,framerate=5/1 ! rtpgstpay name=pay4 pt=107"
)
AUDIO = "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay%d pt=8"
PROTOCOLS = GstRtsp.RTSPLowerTrans(0)
for protocol in (protocols or "udp+tcp").split("+"):
    PROTOCOLS |= {"udp": GstRtsp.RTSPLowerTrans.UDP, "tcp": GstRtsp.RTSPLowerTrans.TCP}[protocol]
AAC = "audiotestsrc is-live=true ! audioconvert ! avenc_aac ! rtpmp4gpay name=pay1 pt=97"
OPUS = "audiotestsrc is-live=true ! audioresample ! opusenc ! rtpopuspay name=pay1 pt=98"
BFRAMES = (
    "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! "
    "x264enc speed-preset=ultrafast threads=1 bframes=2 b-adapt=false key-int-max=25 bitrate=400 ! "
    "video/x-h264,profile=main ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96"
)
H265 = (
    "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! "
    "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=25 bitrate=400 ! "
    "h265parse config-interval=-1 ! rtph265pay name=pay0 pt=96"
)


def factory(launch, protected):
    made = GstRtspServer.RTSPMediaFactory()
    made.set_shared(True)
    made.set_launch("( %s )" % launch)
    made.set_protocols(PROTOCOLS)
    if protected:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("user", "media.factory.access", True)
        permissions.add_permission_for_role("user", "media.factory.construct", True)
        made.set_permissions(permissions)
    return made


Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address(address or "127.0.0.1")
server.set_service(port or "0")
mounts = server.get_mount_points()
mounts.add_factory("/cam", factory(VIDEO, bool(user)))
mounts.add_factory("/av", factory(VIDEO + " " + AUDIO % 1, bool(user)))
mounts.add_factory("/sound", factory(AUDIO % 0, bool(user)))
for path, launch in (("/aac", VIDEO + " " + AAC), ("/opus", VIDEO + " " + OPUS), ("/bframes", BFRAMES), ("/h265", H265)):
    mounts.add_factory(path, factory(launch, bool(user)))
mounts.add_factory("/tracks", factory(VIDEO + TRACKS, bool(user)))
if user:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_digest(user, password, token)
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    server.set_auth(auth)
server.attach(None)
print("ready %d" % server.get_bound_port(), flush=True)
GLib.MainLoop().run()
