"""Every legacy provider of the guide whose keys are at hand, under keys made for this run: items of AWS's Python client
opened by `strongroom item`, and the other way round; and what was done to an item refused, whatever it was."""

import base64
import json
import os
import secrets
import subprocess
import tempfile
import unittest

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.identifiers import CryptoAction, EncryptionKeyType, KeyEncodingType
from dynamodb_encryption_sdk.material_providers import CryptographicMaterialsProvider
from dynamodb_encryption_sdk.material_providers.static import StaticCryptographicMaterialsProvider
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynamodb_encryption_sdk.materials.raw import RawDecryptionMaterials, RawEncryptionMaterials
from dynamodb_encryption_sdk.structures import AttributeActions, EncryptionContext

from hard_values import VALUES
from random_items import normal, text
from test_python_client import as_json, of_json

TABLE = "Notes \U0001f511"
ENCRYPT, SIGN, NOTHING = "ENCRYPT_AND_SIGN", "SIGN_ONLY", "DO_NOTHING"
# Python's client rounds to 28 digits, and tells zeros by their sign.
HARD = VALUES | {
    "zero": {"N": "0.00"},
    "number": {"N": "-1234567890.123456789012345678"},
    "largest": {"N": "9.999999999999999999999999999E+125"},
}


class Provider:
    """AWS's provider, and the same in words of the guide."""

    def __init__(self, kind, content, signing):
        self.kind, self.content, self.signing = kind, content, signing

    def theirs(self):
        (write, read), (sign, verify) = self.content.halves, self.signing.halves
        if self.kind == "wrapped":
            return Wrapped(sign, verify, write, read)
        return StaticCryptographicMaterialsProvider(
            encryption_materials=RawEncryptionMaterials(signing_key=sign, encryption_key=write),
            decryption_materials=RawDecryptionMaterials(verification_key=verify, decryption_key=read),
        )

    def ours(self):
        return f'[legacy-provider]\ntype = "{self.kind}"\n{self.content.words}{self.signing.words}'


class Wrapped(CryptographicMaterialsProvider):
    """AWS's provider takes one signing key; with two halves there are two, one to write and one to read."""

    def __init__(self, sign, verify, write, read):
        self.writing = WrappedCryptographicMaterialsProvider(signing_key=sign, wrapping_key=write)
        self.reading = WrappedCryptographicMaterialsProvider(signing_key=verify, unwrapping_key=read)

    def encryption_materials(self, context):
        return self.writing.encryption_materials(context)

    def decryption_materials(self, context):
        return self.reading.decryption_materials(context)


class Keys:
    def __init__(self, halves, words):
        self.halves, self.words = halves, words


def key(material, algorithm, kind=EncryptionKeyType.SYMMETRIC, encoding=KeyEncodingType.RAW):
    return JceNameLocalDelegatedKey(key=material, algorithm=algorithm, key_type=kind, key_encoding=encoding)


def aes(length):
    material = secrets.token_bytes(length)
    one = key(material, "AES")
    return Keys((one, one), f'key = {{ base64 = "{text(material)}" }}\n')


def hmac(algorithm):
    material = secrets.token_bytes(40)
    one = key(material, algorithm)
    return Keys((one, one), f'signing-algorithm = "{algorithm}"\nsigning-key = {{ hex = "{material.hex()}" }}\n')


def pair(algorithm, words):
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    halves = (
        key(private, algorithm, EncryptionKeyType.PRIVATE, KeyEncodingType.DER),
        key(public, algorithm, EncryptionKeyType.PUBLIC, KeyEncodingType.DER),
    )
    told = f'{words}private-key = {{ base64 = "{text(private)}" }}\n{words}public-key = {{ base64 = "{text(public)}" }}\n'
    return halves, told


def rsa_wrapping():
    (private, public), words = pair("RSA", "")
    return Keys((public, private), words)


def rsa_signing(algorithm):
    (private, public), words = pair(algorithm, "signing-")
    return Keys((private, public), f'signing-algorithm = "{algorithm}"\n{words}')


def providers():
    for length in (16, 24, 32):
        yield f"static AES-{8 * length}", Provider("static", aes(length), hmac("HmacSHA256"))
        yield f"wrapped AES-{8 * length}", Provider("wrapped", aes(length), hmac("HmacSHA256"))
    for digest in ("384", "512"):
        yield f"HMAC {digest}", Provider("wrapped", aes(32), hmac(f"HmacSHA{digest}"))
    for digest in ("256", "384", "512"):
        yield f"RSA {digest}", Provider("wrapped", rsa_wrapping(), rsa_signing(f"SHA{digest}withRSA"))
    yield "static RSA", Provider("static", aes(32), rsa_signing("SHA256withRSA"))
    yield "wrapped RSA, HMAC", Provider("wrapped", rsa_wrapping(), hmac("HmacSHA256"))


def hard_items():
    key = {"S": "k\U0001f511"}
    yield "mixed", {"id": key, **HARD}, dict(zip(HARD, [ENCRYPT, SIGN, ENCRYPT, NOTHING] * len(HARD)))
    yield "all encrypted", {"id": key, **HARD}, dict.fromkeys(HARD, ENCRYPT)
    yield "all signed", {"id": key, **HARD}, dict.fromkeys(HARD, SIGN)
    yield "one", {"id": key}, {}
    yield "number key", {"id": {"N": "-7.5"}, "text": VALUES["text"]}, {"text": ENCRYPT}
    yield "binary key", {"id": {"B": text(b"\xff\x00")}, "text": VALUES["text"]}, {"text": ENCRYPT}


class LegacyConfigurations(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_items_of_every_provider_go_both_ways(self):
        item, actions = {"id": {"S": "k"}, "text": VALUES["text"], "tags": VALUES["texts"], "link": {"S": "l"}}, {"link": SIGN}
        for name, provider in providers():
            with self.subTest(provider=name):
                self.goes_both_ways(item, actions, provider)

    def test_hard_items_go_both_ways(self):
        provider = Provider("wrapped", aes(32), hmac("HmacSHA256"))
        for name, item, actions in hard_items():
            with self.subTest(item=name):
                self.goes_both_ways(item, actions, provider)

    def test_what_was_done_to_an_item_is_refused(self):
        item = {"id": {"S": "k"}, "text": {"S": "one"}, "other": {"S": "two"}, "link": {"S": "l"}, "left": {"S": "x"}}
        actions = {"link": SIGN, "left": NOTHING}
        for provider in (
            Provider("wrapped", aes(32), hmac("HmacSHA256")),
            Provider("wrapped", rsa_wrapping(), rsa_signing("SHA256withRSA")),
            Provider("static", aes(16), hmac("HmacSHA256")),
        ):
            theirs, other = (encrypted({**item, "text": {"S": told}}, actions, provider) for told in ("one", "three"))
            changed = dict(tampered(theirs, other))
            answers = self.strongroom("decrypt", config(actions, provider), list(changed.values()), expected=1)
            for (name, stored), answer in zip(changed.items(), answers, strict=True):
                if list(answer) != ["Error"]:
                    # Nobody signs the description: what changes nothing for AWS's client need not be refused.
                    self.assertIn("*amzn-ddb-map-desc*", name)
                    self.assertEqual(normal(answer), normal(item), name)
                    self.assertEqual(normal(decrypted(stored, actions, provider)), normal(item), name)
            elsewhere = config(actions, provider).replace(json.dumps(TABLE, ensure_ascii=False), '"Elsewhere"')
            self.strongroom("decrypt", elsewhere, [theirs], expected=1)

    def test_an_item_of_which_nothing_is_signed_is_left_as_it_is(self):
        item, provider = {"id": {"S": "k"}, **HARD}, Provider("wrapped", aes(32), hmac("HmacSHA256"))
        actions = dict.fromkeys(item, NOTHING)
        for what in ("encrypt", "decrypt"):
            [same] = self.strongroom(what, config(actions, provider), [item])
            self.assertEqual(normal(same), normal(item))
        theirs = encrypted(item, actions, provider)
        self.assertIn("*amzn-ddb-map-sig*", theirs, "Python's client signs nothing where its default is another action")
        [opened] = self.strongroom("decrypt", config(actions, provider), [theirs])
        self.assertEqual(normal(opened), normal(item))

    def goes_both_ways(self, item, actions, provider):
        theirs = encrypted(item, actions, provider)
        [opened] = self.strongroom("decrypt", config(actions, provider), [theirs])
        self.assertEqual(normal(opened), normal(item))
        [ours] = self.strongroom("encrypt", config(actions, provider), [item])
        self.assertEqual(normal(decrypted(ours, actions, provider)), normal(item))

    def strongroom(self, what, config, items, expected=0):
        path = os.path.join(self.folder.name, "items.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        lines = "".join(json.dumps(item) + "\n" for item in items)
        command = [os.environ["STRONGROOM_BIN"], "item", what, "--config", path]
        run = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, expected, run.stdout.decode()[-600:] + run.stderr.decode())
        return [json.loads(line) for line in run.stdout.splitlines()]


def encrypted(item, actions, provider):
    item = of_json(item)
    return as_json(encrypt_dynamodb_item(item, crypto(item, actions, provider)))


def decrypted(stored, actions, provider):
    stored = of_json(stored)
    return as_json(decrypt_dynamodb_item(stored, crypto(stored, actions, provider)))


def crypto(item, actions, provider):
    told = {name: CryptoAction[value] for name, value in actions.items()}
    actions = AttributeActions(default_action=CryptoAction.ENCRYPT_AND_SIGN, attribute_actions=told)
    if "id" not in told:
        actions.set_index_keys("id")
    context = EncryptionContext(table_name=TABLE, partition_key_name="id", attributes=item)
    return CryptoConfig(materials_provider=provider.theirs(), encryption_context=context, attribute_actions=actions)


def config(actions, provider):
    def quoted(value):
        return json.dumps(value, ensure_ascii=False)

    lines = ['format = "legacy"', "write-legacy = true", f"logical-table-name = {quoted(TABLE)}", 'partition-key = "id"']
    lines += ["[attribute-actions]", *(f"{quoted(name)} = {quoted(value)}" for name, value in actions.items())]
    return "\n".join([*lines, provider.ours()])


def tampered(item, other):
    """By name, what somebody may have done to an item; `other` is another version of it."""
    for name in ("*amzn-ddb-map-desc*", "*amzn-ddb-map-sig*", "text", "other"):
        content = base64.b64decode(item[name]["B"])
        for at in range(len(content)):
            yield f"byte {at} of {name}", {**item, name: binary(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])}
        for cut in {0, 1, len(content) // 2, len(content) - 1}:
            yield f"{name} cut to {cut}", {**item, name: binary(content[:cut])}
        yield f"{name} longer", {**item, name: binary(content + b"\0")}
        yield f"{name} as a string", {**item, name: {"S": "x"}}
    for name in item:
        if name != "left":
            yield f"{name} dropped", {key: value for key, value in item.items() if key != name}
    for name in ("text", "*amzn-ddb-map-sig*"):
        yield f"{name} of another version", {**item, name: other[name]}
    yield "link changed", {**item, "link": {"S": "m"}}
    yield "link as bytes", {**item, "link": {"B": text(b"l")}}
    yield "key changed", {**item, "id": {"S": "j"}}
    yield "added", {**item, "more": {"S": "x"}}
    yield "renamed", {("linc" if name == "link" else name): value for name, value in item.items()}
    yield "swapped", {**item, "text": item["other"], "other": item["text"]}
    yield "clear for encrypted", {**item, "text": {"S": "one"}}


def binary(content):
    return {"B": text(content)}


if __name__ == "__main__":
    unittest.main()
