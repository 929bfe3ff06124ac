"""``python -m edge_lpr.demo.broker PORT``: a broker in pure Python, on loopback alone.

For machines without mosquitto. It speaks MQTT 3.1.1 and forgets everything at its end, which is
enough to watch a demo and not enough for anything else.
"""

import asyncio
import logging
import signal
import sys
from typing import Any

from amqtt.broker import Broker

from edge_lpr.core.errors import BrokerError


async def serve(port: int) -> None:
    """Run the broker until SIGTERM or SIGINT.

    Args:
        port: TCP port on 127.0.0.1.

    Raises:
        BrokerError: The port is taken, or the broker does not start for another reason.
    """
    configuration: dict[str, Any] = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {
            "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
        },
    }
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(configuration)
    try:
        await broker.start()
    except Exception as error:
        # amqtt wraps whatever happened in types of its own that share no root.
        raise BrokerError(f"the embedded broker cannot listen on port {port}") from error
    await stop.wait()
    await broker.shutdown()


def main() -> int:
    """Run the broker on the port that the command line names.

    Returns:
        Exit status.
    """
    # amqtt logs payloads at INFO.
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    asyncio.run(serve(int(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
