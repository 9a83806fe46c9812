"""The real binary, in a folder of its own, on a free port; boto3 clients that speak to it."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading

import boto3
import botocore.config

ACCESS_KEY_ID = "AKIDSTRONGROOMTESTS0"
SECRET_ACCESS_KEY = "a-secret-that-only-tests-know-0123456789"
REGION = "us-east-1"
ACCOUNT = "000000000000"


def binary():
    """`STRONGROOM_BIN`, or what `cargo build` left in the checkout."""
    beside = pathlib.Path(__file__).parents[2] / "target" / "debug" / "strongroom"
    return os.environ.get("STRONGROOM_BIN", str(beside))


class Server:
    """A server; a context manager that leaves nothing behind."""

    def __init__(self, *options):
        self._folder = tempfile.TemporaryDirectory(prefix="strongroom-test-")
        folder = pathlib.Path(self._folder.name)
        environment = dict(
            os.environ,
            STRONGROOM_ROOT_ACCESS_KEY_ID=ACCESS_KEY_ID,
            STRONGROOM_ROOT_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
        )
        command = [binary(), "serve", "--listen", "127.0.0.1:0", "--log-format", "json"]
        command += ["--data-dir", str(folder / "data"), *options]
        self._log = open(folder / "server.log", "w+", encoding="utf-8")
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError("the server did not start: " + self._log.read())
        self.endpoint = json.loads(line)["url"]
        threading.Thread(target=self._process.stdout.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stops it cleanly, or kills it when it does not stop."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()

    def client(self, service):
        """A boto3 client."""
        return self._session().client(service, **self._arguments())

    def resource(self, service):
        """A boto3 resource, the interface most programs use."""
        return self._session().resource(service, **self._arguments())

    def _session(self):
        return boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)

    def _arguments(self):
        config = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False)
        return {"endpoint_url": self.endpoint, "config": config}
