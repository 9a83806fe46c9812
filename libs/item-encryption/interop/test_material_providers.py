"""Data keys that `strongroom item encrypt` wrapped, opened by AWS's material providers library for Python.

The other way round is proved by known answers: see make_keyring_vectors.py.
"""

import base64
import json
import os
import struct
import subprocess
import tempfile
import unittest

import boto3
from aws_cryptographic_material_providers.keystore import KeyStore
from aws_cryptographic_material_providers.keystore import models as store_models
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl import models
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ITEM = {"id": {"S": "é"}, "body": {"S": "secret"}}
TABLE = """
format = "dbesdk"
suite = "0x6700"
logical-table-name = "Notes"
partition-key = "id"
[attribute-actions]
body = "ENCRYPT_AND_SIGN"
"""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
library = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


class MaterialProviders(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_raw_aes(self):
        algorithms = [(16, "ALG_AES128_GCM_IV12_TAG16"), (24, "ALG_AES192_GCM_IV12_TAG16"), (32, "ALG_AES256_GCM_IV12_TAG16")]
        for length, algorithm in algorithms:
            key = bytes(range(length))
            stored = self.sealed(f'type = "raw-aes"\nnamespace = "ours"\nname = "ä"\nkey = {{ base64 = "{text(key)}" }}')
            asked = models.CreateRawAesKeyringInput(
                key_namespace="ours", key_name="ä", wrapping_key=key, wrapping_alg=algorithm
            )
            opens(library.create_raw_aes_keyring(asked), stored)

    def test_key_agreement(self):
        for name, curve in CURVES.items():
            own, other = ec.generate_private_key(curve), ec.generate_private_key(curve)
            public = f'recipient-public-key = {{ base64 = "{text(spki(other))}" }}'
            private = f'private-key = {{ base64 = "{text(pkcs8(own, serialization.Encoding.DER))}" }}'
            for schema, keys in [("ephemeral", public), ("static", public + "\n" + private)]:
                stored = self.sealed(f'type = "raw-ecdh"\nschema = "{schema}"\ncurve = "{name}"\n{keys}')
                scheme = models.RawEcdhStaticConfigurationsPublicKeyDiscovery(
                    models.PublicKeyDiscoveryInput(
                        recipient_static_private_key=pkcs8(other, serialization.Encoding.PEM)
                    )
                )
                spec = "ECC_NIST_" + name.replace("-", "")
                asked = models.CreateRawEcdhKeyringInput(curve_spec=spec, key_agreement_scheme=scheme)
                opens(library.create_raw_ecdh_keyring(asked), stored)

    def test_kms_keys_and_branch_keys(self):
        server = self.server()
        kms, tables = [
            boto3.client(
                name,
                endpoint_url=server,
                region_name="us-east-1",
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            )
            for name in ("kms", "dynamodb")
        ]
        arn = kms.create_key()["KeyMetadata"]["Arn"]
        stored = self.sealed(f'type = "kms"\nkey-arn = "{arn}"\nendpoint = "{server}"')
        opens(library.create_aws_kms_keyring(models.CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=kms)), stored)
        opens(library.create_aws_kms_discovery_keyring(models.CreateAwsKmsDiscoveryKeyringInput(kms_client=kms)), stored)

        keyring = (
            f'type = "hierarchical"\ntable = "KeyStore"\nlogical-name = "logical"\nkms-key-arn = "{arn}"\n'
            f'branch-key-id = "tenant"\nendpoint = "{server}"'
        )
        self.strongroom(["key-store", "create-table"], keyring)
        self.strongroom(["key-store", "create-key", "--id", "tenant", "--context", "department=é"], keyring)
        old = self.sealed(keyring)
        self.strongroom(["key-store", "rotate-key", "--id", "tenant"], keyring)
        new = self.sealed(keyring)
        store = KeyStore(
            KeyStoreConfig(
                ddb_table_name="KeyStore",
                logical_key_store_name="logical",
                kms_configuration=store_models.KMSConfigurationKmsKeyArn(arn),
                ddb_client=tables,
                kms_client=kms,
            )
        )
        asked = models.CreateAwsKmsHierarchicalKeyringInput(key_store=store, branch_key_id="tenant", ttl_seconds=60)
        for stored in (old, new):
            opens(library.create_aws_kms_hierarchical_keyring(asked), stored)
        store.create_key_store(store_models.CreateKeyStoreInput())
        beacon = store.get_beacon_key(store_models.GetBeaconKeyInput(branch_key_identifier="tenant"))
        self.assertEqual(len(beacon.beacon_key_materials.beacon_key), 32)

    def sealed(self, keyring):
        return json.loads(self.strongroom(["encrypt"], keyring, json.dumps(ITEM)))

    def strongroom(self, what, keyring, lines=""):
        config = os.path.join(self.folder.name, "items.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"{TABLE}\n[[keyrings]]\n{keyring}\n")
        command = [os.environ["STRONGROOM_BIN"], "item", *what, "--config", config]
        environment = {**os.environ, **CREDENTIALS}
        run = subprocess.run(command, input=lines, capture_output=True, text=True, env=environment, check=False)
        self.assertEqual(run.returncode, 0, run.stderr + run.stdout)
        return run.stdout

    def server(self):
        command = [os.environ["STRONGROOM_BIN"], "serve", "--memory", "--listen", "127.0.0.1:0", "--log-format", "json"]
        environment = {
            **os.environ,
            "STRONGROOM_ROOT_ACCESS_KEY_ID": CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "STRONGROOM_ROOT_SECRET_ACCESS_KEY": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        }
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        return json.loads(server.stdout.readline())["url"]


def opens(keyring, stored):
    """Opens the item's data key, bound to its table and key."""
    header = base64.b64decode(stored["aws_dbe_head"]["B"])
    context = {
        "aws-crypto-table-name": "Notes",
        "aws-crypto-partition-name": "id",
        "aws-crypto-attr.id": text(b"\x00\x01" + ITEM["id"]["S"].encode()),
    }
    materials = library.initialize_decryption_materials(
        models.InitializeDecryptionMaterialsInput(
            algorithm_suite_id=models.AlgorithmSuiteIdDBE("0x6700"),
            encryption_context=context,
            required_encryption_context_keys=[],
        )
    )
    asked = models.OnDecryptInput(materials=materials, encrypted_data_keys=list(recipients(header)))
    assert len(keyring.on_decrypt(asked).materials.plaintext_data_key) == 32


def recipients(header):
    """The wrapped data keys of a header without stored context: behind version, flavour, message id and legend."""
    at = 34
    (legend,) = struct.unpack_from(">H", header, at)
    at += 2 + legend
    assert struct.unpack_from(">H", header, at) == (0,)
    count, at = header[at + 2], at + 3
    for _ in range(count):
        parts = []
        for _ in range(3):
            (length,) = struct.unpack_from(">H", header, at)
            parts.append(header[at + 2 : at + 2 + length])
            at += 2 + length
        yield models.EncryptedDataKey(
            key_provider_id=parts[0].decode(), key_provider_info=parts[1], ciphertext=parts[2]
        )


def text(data):
    return base64.b64encode(data).decode()


def spki(private):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.DER, form)


def pkcs8(private, encoding):
    plain = serialization.NoEncryption()
    return private.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)


if __name__ == "__main__":
    unittest.main()
