"""A small real server of the OpenAI API, a process of its own: `python server.py FILE` writes its port to FILE once it listens.

It answers text completions and chats with the gold answer of the prompt that it is asked, as a model would that knows everything;
prompts that are no prompt of test_iid get an empty answer.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])

from musi.compose import SEPARATOR  # noqa: E402
from tests.models import gold_answers  # noqa: E402


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/chat/completions":
            text = self.answer(body["messages"][-1]["content"])
            choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]
        else:
            prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
            choices = [{"index": i, "finish_reason": "stop", "text": self.answer(prompt)} for i, prompt in enumerate(prompts)]
        data = json.dumps({"id": "1", "model": body["model"], "choices": choices}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self, prompt: str) -> str:
        return gold_answers().get(prompt.removesuffix(SEPARATOR), "")

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    gold_answers()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    temporary = Path(sys.argv[1] + ".tmp")
    temporary.write_text(str(server.server_port))
    temporary.rename(sys.argv[1])
    server.serve_forever()
