"""Visit the app once when its server starts: `python -m itlim.ui.shared.warm_up PORT`.

Before its first visit Streamlit takes a link to a page below the root for one of
its older kind of apps and opens a "Page not found" dialog over the right page.
One visit to the root puts that right, and opens the store for those who follow.
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

PATIENCE_SECONDS = 60.0


def wait_for_server(address: str) -> bool:
    """Whether the server answers before patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{address}/_stcore/health", timeout=1) as answer:
                if answer.read() == b"ok":
                    return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


async def visit(address: str) -> None:
    """Run the app once as a browser at the root would, to its end."""
    async with connect(
        f"ws://{address}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], max_size=None
    ) as socket:
        message = BackMsg()
        message.rerun_script.query_string = ""
        await socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for received in socket:
                answer = ForwardMsg()
                answer.ParseFromString(received)
                if answer.WhichOneof("type") == "script_finished":
                    return


if __name__ == "__main__":
    server = f"127.0.0.1:{sys.argv[1]}"
    if wait_for_server(server):
        asyncio.run(visit(server))
