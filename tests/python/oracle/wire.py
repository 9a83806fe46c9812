"""Signed calls whose bodies no client library would send."""

import http.client
import json
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

TARGETS = {"dynamodb": "DynamoDB_20120810", "kms": "TrentService"}


def call(endpoint, service, operation, body):
    """The status, the exception's name (empty for none) and the body of the answer."""
    content = json.dumps(body).encode()
    headers = {
        "X-Amz-Target": f"{TARGETS[service]}.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    request = AWSRequest("POST", endpoint + "/", data=content, headers=headers)
    SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), service, REGION).add_auth(request)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc, timeout=60)
    try:
        connection.request("POST", "/", content, dict(request.headers.items()))
        answer = connection.getresponse()
        told = json.loads(answer.read() or b"{}")
    finally:
        connection.close()
    return answer.status, told.get("__type", "").rsplit("#")[-1], told
