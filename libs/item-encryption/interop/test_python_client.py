"""Items of AWS's Python client (dynamodb-encryption-sdk) opened by `strongroom item`, and the other way round."""

import base64
import json
import os
import random
import subprocess
import tempfile
import unittest

from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.identifiers import CryptoAction, EncryptionKeyType, KeyEncodingType
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynamodb_encryption_sdk.structures import AttributeActions, EncryptionContext

from random_items import RandomItems, normal, text

ITEMS = 1000
WRAPPING, SIGNING = bytes(range(32)), bytes(range(100, 132))
CONFIG = """
format = "legacy"
write-legacy = true
logical-table-name = "Notes-é"
partition-key = "id"
sort-key = "number"
[attribute-actions]
signed = "SIGN_ONLY"
left = "DO_NOTHING"
[legacy-provider]
type = "wrapped"
key = {{ base64 = "{wrapping}" }}
signing-key = {{ base64 = "{signing}" }}
"""
# Python's client rounds to 28 digits what it signs and encrypts, so that is all it can be compared by.
DIGITS = 28


class PythonClient(unittest.TestCase):
    def setUp(self):
        self.items = RandomItems(random.Random(20261121), DIGITS)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.config = os.path.join(self.folder.name, "items.toml")
        told = {"wrapping": text(WRAPPING), "signing": text(SIGNING)}
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(**told))

    def test_what_python_writes_opens(self):
        items = [self.items.item() for _ in range(ITEMS)]
        opened = self.strongroom("decrypt", [encrypted(item) for item in items])
        for item, found in zip(items, opened, strict=True):
            self.assertEqual(normal(found), normal(item))

    def test_what_is_written_opens_in_python(self):
        items = [self.items.item() for _ in range(ITEMS)]
        for item, stored in zip(items, self.strongroom("encrypt", items), strict=True):
            self.assertNotIn("Error", stored)
            self.assertEqual(normal(decrypted(stored)), normal(item))

    def test_what_python_writes_is_refused_when_it_was_changed(self):
        items = [encrypted(self.items.item()) for _ in range(100)]
        for item in items:
            item["signed"] = {"S": "changed"}
        for answer in self.strongroom("decrypt", items, expected=1):
            self.assertEqual(list(answer), ["Error"])

    def strongroom(self, what, items, expected=0):
        lines = "".join(json.dumps(item) + "\n" for item in items)
        command = [os.environ["STRONGROOM_BIN"], "item", what, "--config", self.config]
        run = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, expected, run.stderr.decode())
        return [json.loads(line) for line in run.stdout.splitlines()]


def encrypted(item):
    item = of_json(item)
    return as_json(encrypt_dynamodb_item(item, config(item)))


def decrypted(stored):
    stored = of_json(stored)
    return as_json(decrypt_dynamodb_item(stored, config(stored)))


def config(item):
    wrapping = key(WRAPPING, "AES")
    provider = WrappedCryptographicMaterialsProvider(
        signing_key=key(SIGNING, "HmacSHA256"), wrapping_key=wrapping, unwrapping_key=wrapping
    )
    actions = AttributeActions(
        default_action=CryptoAction.ENCRYPT_AND_SIGN,
        attribute_actions={"signed": CryptoAction.SIGN_ONLY, "left": CryptoAction.DO_NOTHING},
    )
    actions.set_index_keys("id", "number")
    context = EncryptionContext(
        table_name="Notes-é", partition_key_name="id", sort_key_name="number", attributes=item
    )
    return CryptoConfig(materials_provider=provider, encryption_context=context, attribute_actions=actions)


def key(material, algorithm):
    return JceNameLocalDelegatedKey(
        key=material,
        algorithm=algorithm,
        key_type=EncryptionKeyType.SYMMETRIC,
        key_encoding=KeyEncodingType.RAW,
    )


def as_json(item):
    return {name: bytes_to(value, lambda content: text(bytes(getattr(content, "value", content)))) for name, value in item.items()}


def of_json(item):
    return {name: bytes_to(value, base64.b64decode) for name, value in item.items()}


def bytes_to(value, change):
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: change(content)}
        case "BS":
            return {kind: [change(element) for element in content]}
        case "L":
            return {kind: [bytes_to(element, change) for element in content]}
        case "M":
            return {kind: {name: bytes_to(element, change) for name, element in content.items()}}
        case _:
            return value


if __name__ == "__main__":
    unittest.main()
