"""A visitor who speaks Streamlit's protocol: lighter than a browser, but with the same app."""

import asyncio
import time
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 300.0
"""Seconds until a script run counts as stuck; a busy test machine is slow."""


@dataclass(slots=True)
class Visitor:
    """One session of the app.

    Use `visit` to open a page and `press` to press a button of the page that was opened last.
    """

    socket: ClientConnection
    query: str = ""
    page: str = ""
    errors: list[str] = field(default_factory=list)
    """Exceptions and error messages of all script runs."""
    seconds: list[float] = field(default_factory=list)
    """Time of each script run, from the request to its end."""
    buttons: dict[str, str] = field(default_factory=dict)
    """Ids of the buttons on the page, by label."""
    areas: dict[str, str] = field(default_factory=dict)
    """Ids of the text areas, by label."""
    texts: list[str] = field(default_factory=list)
    """Markdown of the page."""
    n_views: int = 0
    """Mounted views, such as the token view."""

    async def visit(self, page: str, query: str = "") -> None:
        """Open a page by its address."""
        self.page, self.query = page, query
        await self._run(BackMsg())

    async def press(self, label: str, typed: dict[str, str] | None = None) -> None:
        """Press a button, after typing into text areas, by label."""
        message = BackMsg()
        for name, value in (typed or {}).items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.string_value = self.areas[name], value
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = self.buttons[label], True
        await self._run(message)

    async def update(self) -> None:
        """Run the page again, as a poll does."""
        await self._run(BackMsg())

    async def _run(self, message: BackMsg) -> None:
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        self.buttons, self.areas, self.texts, self.n_views = {}, {}, [], 0
        started = time.monotonic()
        await self.socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while True:
                received = await self.socket.recv()
                answer = ForwardMsg()
                answer.ParseFromString(received)
                kind = answer.WhichOneof("type")
                if kind == "script_finished":
                    if answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                        break
                elif kind == "page_info_changed":
                    self.query = answer.page_info_changed.query_string
                elif kind == "delta":
                    self._read(answer.delta.new_element)
        self.seconds.append(time.monotonic() - started)

    def _read(self, element: object) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)
        elif kind == "button":
            self.buttons[element.button.label] = element.button.id
        elif kind == "text_area":
            self.areas[element.text_area.label] = element.text_area.id
        elif kind == "markdown":
            self.texts.append(element.markdown.body)
        elif kind == "bidi_component":
            self.n_views += 1


def visiting(address: str) -> connect:
    """The connection of a new session: `async with visiting(address) as socket`."""
    return connect(
        f"ws://{address}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        ping_timeout=PATIENCE,
    )
