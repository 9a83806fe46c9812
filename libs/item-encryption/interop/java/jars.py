"""The jars of jars.txt, each fetched once from Maven Central and held to its SHA-256."""

import concurrent.futures
import hashlib
import os
import urllib.request
from pathlib import Path

CENTRAL = "https://repo1.maven.org/maven2/"
ATTEMPTS = 3


def fetched():
    """The folder in which they lie."""
    folder = Path(os.environ["JARS"])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [line.split() for line in Path(__file__).with_name("jars.txt").read_text().splitlines()]
    names = {Path(path).name for _, path in wanted}
    for stray in folder.iterdir():
        if stray.name not in names:
            stray.unlink()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda jar: fetch(folder, *jar), wanted))
    return folder


def fetch(folder, expected, path):
    file = folder / Path(path).name
    if file.exists() and digest(file.read_bytes()) == expected:
        return
    content = downloaded(CENTRAL + path)
    if digest(content) != expected:
        raise ValueError(f"{path} is not the jar that was pinned")
    part = file.with_suffix(".part")
    part.write_bytes(content)
    part.rename(file)


def downloaded(url):
    for attempt in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                return response.read()
        except OSError:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError("not reached")


def digest(content):
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    fetched()
