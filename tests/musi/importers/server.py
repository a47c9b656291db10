"""A small real server of the OpenAI chat API, a process of its own: `python server.py FOLDER` writes its port to FOLDER/port.

What it answers depends on the model's name: `good` writes "plain text", `commas` breaks a rule about commas, `learner` does so at
first and not when asked again at a higher temperature, `long` is cut off, `silent` says nothing. `busy` refuses every first
request with 429; `wrong` is unknown (404); `page` gets a web page, `list`, `null` and `object` JSON that is no completion,
`empty` one that says nothing. FOLDER/requests gets one line a request; once FOLDER/stop exists, connections drop.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
ANSWERS = {"good": "plain text", "busy": "plain text", "commas": "a, b", "long": "plain", "silent": None}
ODD = {
    "page": ("text/html", "<html>Sign in"),
    "list": ("application/json", "[1]"),
    "null": ("application/json", "null"),
    "object": ("application/json", "{}"),
    "empty": ("application/json", '{"choices": [{}], "usage": {}}'),
}
refused: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked, model = body["messages"][0]["content"], body["model"]
        with (FOLDER / "requests").open("a") as file:
            file.write(json.dumps([model, asked, body["temperature"], self.headers["Authorization"]]) + "\n")
        if (FOLDER / "stop").exists():
            self.connection.close()
        elif model == "wrong":
            self.reply(404, {"error": {"message": "no such model"}})
        elif model == "busy" and asked not in refused:
            refused.add(asked)
            self.reply(429, {"error": {"message": "slow down"}}, {"retry-after-ms": "1"})
        elif model in ODD:
            self.send(200, *ODD[model])
        else:
            text = ("plain text" if body["temperature"] else "a, b") if model == "learner" else ANSWERS[model]
            choice = {
                "index": 0,
                "finish_reason": "length" if model == "long" else "stop",
                "message": {"role": "assistant", "content": text},
            }
            usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
            self.reply(
                200, {"id": "1", "object": "chat.completion", "created": 0, "model": model, "choices": [choice], "usage": usage}
            )

    def reply(self, status, data, headers=()):
        self.send(status, "application/json", json.dumps(data), headers)

    def send(self, status, kind, text, headers=()):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    (FOLDER / "port.tmp").write_text(str(server.server_port))
    (FOLDER / "port.tmp").rename(FOLDER / "port")
    server.serve_forever()
