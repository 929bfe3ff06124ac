"""``/usr/bin/python3 rtsp_server_program.py``: a real RTSP server, GStreamer's, for the tests.

A program of its own, because GStreamer's bindings belong to the system's Python and not to the
project's. ``--check`` only says by its exit status whether everything is installed. Otherwise the
arguments are codec, port (0 for any), frames a second and the RTP time stamp to begin with; it
prints the port once it listens, takes one command a line, and ends with its standard input. What it
is told holds for the stream that is being watched and for later ones.

    show ball|smpte75|black   a ball that moves, a picture that stands still, nothing
    size 640x360              the encoder starts again in another size
    broken 0.2                this share of the encoded bytes is replaced by others
    shift -5                  time stamps jump by so many seconds
"""

import sys
import threading

import gi  # type: ignore[import-not-found]  # of the system's Python

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

# A fixed quantiser, because rate control would change a picture that stands still.
ENCODERS = {
    "h264": "x264enc pass=quant quantizer=24 speed-preset=ultrafast tune=zerolatency "
    "threads=1 key-int-max={interval} ! video/x-h264,profile=baseline",
    "h265": "x265enc qp=24 speed-preset=ultrafast tune=zerolatency key-int-max={interval} "
    "option-string=pools=none:frame-threads=1:log-level=none",
}

ELEMENTS = (
    *("videotestsrc", "x264enc", "x265enc", "rtph264pay", "rtph265pay"),
    *("h264parse", "h265parse", "breakmydata"),
)


class Stage:
    """What the camera stands in front of, for every stream that is being watched."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._medias: list[GstRtspServer.RTSPMedia] = []

    def add(self, media: GstRtspServer.RTSPMedia) -> None:
        self._medias.append(media)
        for name, value in self._told.items():
            change(media, name, value)

    def tell(self, name: str, value: str) -> None:
        self._told[name] = value
        for media in self._medias:
            change(media, name, value)


def change(media: GstRtspServer.RTSPMedia, name: str, value: str) -> None:
    """Do to one stream what a command says."""
    element = media.get_element().get_by_name(name)
    if name == "show":
        Gst.util_set_object_arg(element, "pattern", value)
    elif name == "size":
        width, _, height = value.partition("x")
        caps = Gst.Caps.from_string(f"video/x-raw,width={width},height={height}")
        element.set_property("caps", caps)
    elif name == "broken":
        element.set_property("probability", float(value))
    else:
        element.get_static_pad("src").set_offset(int(float(value) * Gst.SECOND))


def serve(codec: str, port: str, frames_a_second: str, first_stamp: str) -> None:
    """Serve ``/lane`` until standard input ends."""
    encoder = ENCODERS[codec].format(interval=max(1, int(frames_a_second)))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        "( videotestsrc name=show is-live=true pattern=ball ! capsfilter name=size "
        "caps=video/x-raw,width=320,height=240 "
        f"! video/x-raw,format=I420,framerate={frames_a_second}/1 ! {encoder} "
        "! identity name=shift ! breakmydata name=broken probability=0 skip=0 "
        f"! rtp{codec}pay name=pay0 pt=96 config-interval=-1 timestamp-offset={first_stamp} )"
    )
    factory.set_shared(True)
    stage = Stage()
    factory.connect("media-configure", lambda _, media: stage.add(media))
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/lane", factory)
    if server.attach(None) == 0:
        sys.exit("the port is taken")
    loop = GLib.MainLoop()

    def obey() -> None:
        for line in sys.stdin:
            GLib.idle_add(stage.tell, *line.split())
        loop.quit()

    threading.Thread(target=obey, daemon=True).start()
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop.run()


if __name__ == "__main__":
    Gst.init(None)
    if sys.argv[1] == "--check":
        sys.exit(not all(map(Gst.ElementFactory.find, ELEMENTS)))
    serve(*sys.argv[1:])
