"""Items of AWS's Python client (dynamodb-encryption-sdk) opened by `strongroom item`, and the other way round."""

import base64
import json
import os
import random
import subprocess
import tempfile
import unittest
from decimal import Decimal

from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.identifiers import CryptoAction, EncryptionKeyType, KeyEncodingType
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynamodb_encryption_sdk.structures import AttributeActions, EncryptionContext

ITEMS = 1000
WRAPPING, SIGNING = bytes(range(32)), bytes(range(100, 132))
CONFIG = """
format = "legacy"
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
NAMES = ["a", "B", "0", "_", "é", "ß", "\uffee", "\U0001f511", "\U00010000", "z" * 200, "a.b", "name with space"]
# Python's client rounds to 28 digits what it signs and encrypts, so that is all it can be compared by.
LONGEST = "1" * 28
NUMBERS = ["0", "-1", "7.5", LONGEST, "-0.00001", "9." + "9" * 27 + "E+125", "-1E-130", "12E3"]


class PythonClient(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(20261121)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.config = os.path.join(self.folder.name, "items.toml")
        told = {"wrapping": text(WRAPPING), "signing": text(SIGNING)}
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(**told))

    def test_what_python_writes_opens(self):
        items = [self.item() for _ in range(ITEMS)]
        opened = self.strongroom("decrypt", [encrypt_dynamodb_item(item, config(item)) for item in items])
        for item, found in zip(items, opened, strict=True):
            self.assertEqual(normal(found), normal(item))

    def test_what_is_written_opens_in_python(self):
        items = [self.item() for _ in range(ITEMS)]
        for item, stored in zip(items, self.strongroom("encrypt", items), strict=True):
            self.assertNotIn("Error", stored)
            self.assertEqual(normal(decrypt_dynamodb_item(stored, config(stored))), normal(item))

    def test_what_python_writes_is_refused_when_it_was_changed(self):
        items = [encrypt_dynamodb_item(item, config(item)) for item in (self.item() for _ in range(100))]
        for item in items:
            item["signed"] = {"S": "changed"}
        for answer in self.strongroom("decrypt", items, expected=1):
            self.assertEqual(list(answer), ["Error"])

    def strongroom(self, what, items, expected=0):
        lines = "".join(json.dumps(as_json(item)) + "\n" for item in items)
        command = [os.environ["STRONGROOM_BIN"], "item", what, "--config", self.config]
        run = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, expected, run.stderr.decode())
        return [of_json(json.loads(line)) for line in run.stdout.splitlines()]

    def item(self):
        names = self.random.sample(NAMES, self.random.randint(1, len(NAMES)))
        item = {name: self.value(0) for name in names}
        item["id"] = {"S": self.word() + "k"}
        item["number"] = {"N": self.random.choice(["0", "7.5", "-12", LONGEST])}
        item["signed"] = {"S": self.word()}
        item["left"] = self.value(0)
        return item

    def value(self, depth):
        kinds = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS"] + (["L", "M"] if depth < 3 else [])
        kind = self.random.choice(kinds)
        several = range(self.random.randint(1, 4))
        return {
            kind: {
                "S": lambda: self.word(),
                "N": lambda: self.random.choice(NUMBERS),
                "B": lambda: self.bytes(),
                "BOOL": lambda: self.random.random() < 0.5,
                "NULL": lambda: True,
                "SS": lambda: sorted({self.word() for _ in several}),
                "NS": lambda: self.random.sample(NUMBERS, len(several)),
                "BS": lambda: list({self.bytes() for _ in several}),
                "L": lambda: [self.value(depth + 1) for _ in several],
                "M": lambda: {self.random.choice(NAMES): self.value(depth + 1) for _ in several},
            }[kind]()
        }

    def word(self):
        return "".join(self.random.choices("ab zé\uffee\U0001f511\n\"\\", k=self.random.randint(1, 12)))

    def bytes(self):
        return self.random.randbytes(self.random.randint(1, 12))


def text(content):
    return base64.b64encode(content).decode()


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
    return {name: bytes_to(value, text) for name, value in item.items()}


def of_json(item):
    return item if "Error" in item else {name: bytes_to(value, base64.b64decode) for name, value in item.items()}


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


def normal(item):
    """Sets in one order, numbers by value, binary values as bytes."""
    return {name: normal_value(value) for name, value in item.items()}


def normal_value(value):
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return (kind, Decimal(content))
        case "B":
            return (kind, bytes(getattr(content, "value", content)))
        case "SS":
            return (kind, sorted(content))
        case "NS":
            return (kind, sorted(map(Decimal, content)))
        case "BS":
            return (kind, sorted(bytes(getattr(element, "value", element)) for element in content))
        case "L":
            return (kind, [normal_value(element) for element in content])
        case "M":
            return (kind, normal(content))
        case _:
            return (kind, content)


if __name__ == "__main__":
    unittest.main()
