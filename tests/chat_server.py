"""Chat answers as OpenAI's protocol has them, for tests with a real HTTP server."""

import json

from werkzeug import Response


def chat_answer(text, *, prompt=10, completion=3):
    """The body of a chat completion."""
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    }


def chat_failure(status, message="no", *, code=None, headers=None):
    """An error as OpenAI's protocol has it."""
    body = json.dumps({"error": {"message": message, "code": code}})
    return Response(body, status=status, headers=headers, content_type="application/json")


def answer_with(reply):
    """A handler: `reply` turns the request's JSON into a text, or into a response of its own."""

    def handle(request):
        found = reply(request.get_json())
        if isinstance(found, Response):
            return found
        return Response(json.dumps(chat_answer(found)), content_type="application/json")

    return handle
