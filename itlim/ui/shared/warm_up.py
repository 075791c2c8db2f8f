"""Visit the app once when its server starts: `python -m itlim.ui.shared.warm_up PORT`.

Until the root has been visited once, Streamlit treats a deep link as a page of an old-style
multipage app and opens a "Page not found" dialog over the correct page. One visit to the root
prevents that, and opens the store for later visitors.
"""

import asyncio
import sys
import time
import urllib.error
import urllib.request

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

TIMEOUT_SECONDS = 60.0


def wait_for_server(address: str) -> bool:
    """Wait until the server answers; returns False after `TIMEOUT_SECONDS`."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{address}/_stcore/health", timeout=1) as answer:
                if answer.read() == b"ok":
                    return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


async def visit(address: str) -> None:
    """Run the app once to its end, as a browser that opens the root would."""
    async with connect(
        f"ws://{address}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], max_size=None
    ) as socket:
        message = BackMsg()
        message.rerun_script.query_string = ""
        await socket.send(message.SerializeToString())
        async with asyncio.timeout(TIMEOUT_SECONDS):
            async for received in socket:
                answer = ForwardMsg()
                answer.ParseFromString(received)
                if answer.WhichOneof("type") == "script_finished":
                    return


if __name__ == "__main__":
    server = f"127.0.0.1:{sys.argv[1]}"
    if wait_for_server(server):
        asyncio.run(visit(server))
