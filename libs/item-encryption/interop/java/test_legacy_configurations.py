"""Every legacy provider of the guide whose keys are at hand, under keys made for this run: hard items of AWS's older Java
client opened by `strongroom item`, and the other way round; with a table name and without."""

import json
import os
import secrets
import subprocess
import tempfile
import unittest
from pathlib import Path

import jpype

from java_values import first, jbytes, of_first, started
from hard_values import VALUES
from random_items import normal
from test_configurations import KeyPair

LEGACY = "com.amazonaws.services.dynamodbv2.datamodeling.encryption"
ENCRYPT, SIGN, NOTHING = "ENCRYPT_AND_SIGN", "SIGN_ONLY", "DO_NOTHING"
ITEM = {"id": {"S": "k\U0001f511"}, **VALUES}


class LegacyConfigurations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        started()
        cls.providers = list(providers())

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_hard_items_of_every_provider_go_both_ways(self):
        mixed = dict(zip(VALUES, [ENCRYPT, SIGN, NOTHING] * len(VALUES)))
        for name, provider, words in self.providers:
            for table in ("Notes \U0001f511", None):
                with self.subTest(provider=name, table=table):
                    self.goes_both_ways(provider, table, mixed, config(table, mixed, words))

    def test_what_is_only_signed_goes_both_ways(self):
        signed = dict.fromkeys(VALUES, SIGN)
        _, provider, words = self.providers[0]
        self.goes_both_ways(provider, "Notes", signed, config("Notes", signed, words))

    def goes_both_ways(self, provider, table, actions, told):
        client = jpype.JClass(LEGACY + ".DynamoDBEncryptor").getInstance(provider)
        context = jpype.JClass(LEGACY + ".EncryptionContext").Builder().withHashKeyName("id")
        context = (context.withTableName(table) if table else context).build()
        theirs = of_first(client.encryptRecord(first(ITEM), flags(ITEM, actions), context))
        self.assertEqual(normal(self.strongroom("decrypt", told, theirs)), normal(ITEM))
        ours = self.strongroom("encrypt", told, ITEM)
        opened = of_first(client.decryptRecord(first(ours), flags(ours, actions), context))
        self.assertEqual(normal(opened), normal(ITEM))

    def strongroom(self, what, config, item):
        path = Path(self.folder.name, "items.toml")
        path.write_text(config, encoding="utf-8")
        command = [os.environ["STRONGROOM_BIN"], "item", what, "--config", str(path)]
        run = subprocess.run(command, input=json.dumps(item).encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout.decode()[-600:] + run.stderr.decode())
        return json.loads(run.stdout)


def providers():
    """AWS's, and the same in words of the guide."""
    made = jpype.JPackage(LEGACY).providers
    (wrap, wrap_words), (sign, sign_words) = pair(""), pair("signing-")
    yield "RSA", made.WrappedMaterialsProvider(wrap.getPublic(), wrap.getPrivate(), sign), told("wrapped", wrap_words + sign_words)
    yield "RSA static", made.AsymmetricStaticProvider(wrap, sign), told("wrapped", wrap_words + sign_words)
    for length in (16, 24, 32):
        (key, key_words), (mac, mac_words) = aes(length), hmac("HmacSHA256")
        yield f"wrapped {length}", made.WrappedMaterialsProvider(key, key, mac), told("wrapped", key_words + mac_words)
        yield f"static {length}", made.SymmetricStaticProvider(key, mac), told("static", key_words + mac_words)
    for algorithm in ("HmacSHA384", "HmacSHA512"):
        (key, key_words), (mac, mac_words) = aes(32), hmac(algorithm)
        yield algorithm, made.SymmetricStaticProvider(key, mac), told("static", key_words + mac_words)
    key, key_words = aes(32)
    yield "AES, RSA", made.WrappedMaterialsProvider(key, key, sign), told("wrapped", key_words + sign_words)


def told(kind, words):
    return f'type = "{kind}"\n{words}'


def pair(prefix):
    generator = jpype.java.security.KeyPairGenerator.getInstance("RSA")
    generator.initialize(2048)
    theirs = generator.generateKeyPair()
    ours = KeyPair(bytes(theirs.getPrivate().getEncoded()), bytes(theirs.getPublic().getEncoded()))
    return theirs, f"{prefix}private-key = {{ pem = '''{ours.private}''' }}\n{prefix}public-key = {{ pem = '''{ours.public}''' }}\n"


def aes(length):
    key = secrets.token_bytes(length)
    return secret(key, "AES"), f'key = {{ hex = "{key.hex()}" }}\n'


def hmac(algorithm):
    key = secrets.token_bytes(40)
    return secret(key, algorithm), f'signing-algorithm = "{algorithm}"\nsigning-key = {{ hex = "{key.hex()}" }}\n'


def secret(key, algorithm):
    return jpype.JClass("javax.crypto.spec.SecretKeySpec")(jbytes(key), algorithm)


def flags(item, actions):
    flag = jpype.JClass(LEGACY + ".EncryptionFlags")
    told = jpype.java.util.HashMap()
    for name in item:
        action = SIGN if name == "id" else actions.get(name, NOTHING)
        if action == SIGN:
            told.put(name, jpype.java.util.EnumSet.of(flag.SIGN))
        elif action == ENCRYPT:
            told.put(name, jpype.java.util.EnumSet.of(flag.ENCRYPT, flag.SIGN))
    return told


def config(table, actions, words):
    def quoted(value):
        return json.dumps(value, ensure_ascii=False)

    lines = ['format = "legacy"', "write-legacy = true", 'written-for = "java"', 'partition-key = "id"']
    lines += [f"logical-table-name = {quoted(table or 'null')}", "[attribute-actions]"]
    lines += [f"{quoted(name)} = {quoted(action)}" for name, action in actions.items()]
    return "\n".join([*lines, "[legacy-provider]", words])


if __name__ == "__main__":
    unittest.main()
