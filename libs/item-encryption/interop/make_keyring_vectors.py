"""Wraps data keys with AWS's material providers library for Python, as known answers for our keyrings.

    pip install aws-cryptographic-material-providers==1.11.3 boto3
    python make_keyring_vectors.py > ../keyrings/tests/vectors/material_providers.json

KMS and DynamoDB are stand-ins behind boto3's clients; what they were asked is part of the known answers.
"""

import base64
import json
import os

import boto3
from aws_cryptographic_material_providers.keystore import KeyStore
from aws_cryptographic_material_providers.keystore import models as store_models
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl import models
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEY = "arn:aws:kms:us-west-2:000000000000:key/mrk-00000000000000000000000000000001"
AGREEMENT_KEY = "arn:aws:kms:us-west-2:000000000000:key/00000000-0000-0000-0000-000000000002"
CONTEXT = {"aws-crypto-table-name": "Notes", "aws-crypto-attr.id": "é", "empty": ""}
SUITE = models.AlgorithmSuiteIdDBE("0x6700")
os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-west-2")
library = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def text(data):
    return base64.b64encode(data).decode()


def wrapped(keyring):
    materials = library.initialize_encryption_materials(
        models.InitializeEncryptionMaterialsInput(
            algorithm_suite_id=SUITE, encryption_context=CONTEXT, required_encryption_context_keys=[]
        )
    )
    [key] = keyring.on_encrypt(models.OnEncryptInput(materials=materials)).materials.encrypted_data_keys
    return {
        "provider": key.key_provider_id,
        "info": text(key.key_provider_info),
        "ciphertext": text(key.ciphertext),
    }


def spki(private):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.DER, form)


def pkcs8(private, encoding):
    plain = serialization.NoEncryption()
    return private.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)


def agreement_kms(private):
    client = boto3.client("kms")

    def call(operation, arguments):
        if operation == "GetPublicKey":
            return {"PublicKey": spki(private), "KeyId": AGREEMENT_KEY, "KeyUsage": "KEY_AGREEMENT"}
        peer = serialization.load_der_public_key(arguments["PublicKey"])
        shared = private.exchange(ec.ECDH(), peer)
        return {"SharedSecret": shared, "KeyId": AGREEMENT_KEY, "KeyAgreementAlgorithm": "ECDH"}

    client._make_api_call = call
    return client


def agreements(name, curve):
    sender, recipient = ec.generate_private_key(curve), ec.generate_private_key(curve)
    spec = "ECC_NIST_P" + name
    raw = [
        models.RawEcdhStaticConfigurationsRawPrivateKeyToStaticPublicKey(
            models.RawPrivateKeyToStaticPublicKeyInput(
                sender_static_private_key=pkcs8(sender, serialization.Encoding.PEM),
                recipient_public_key=spki(recipient),
            )
        ),
        models.RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey(
            models.EphemeralPrivateKeyToStaticPublicKeyInput(recipient_public_key=spki(recipient))
        ),
    ]
    static, ephemeral = [
        wrapped(library.create_raw_ecdh_keyring(models.CreateRawEcdhKeyringInput(curve_spec=spec, key_agreement_scheme=scheme)))
        for scheme in raw
    ]
    kms = library.create_aws_kms_ecdh_keyring(
        models.CreateAwsKmsEcdhKeyringInput(
            curve_spec=spec,
            kms_client=agreement_kms(sender),
            key_agreement_scheme=models.KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
                models.KmsPrivateKeyToStaticPublicKeyInput(
                    sender_kms_identifier=AGREEMENT_KEY, recipient_public_key=spki(recipient)
                )
            ),
        )
    )
    return {
        "curve": "P-" + name,
        "sender": text(pkcs8(sender, serialization.Encoding.DER)),
        "senderPublic": text(spki(sender)),
        "recipient": text(pkcs8(recipient, serialization.Encoding.DER)),
        "recipientPublic": text(spki(recipient)),
        "static": static,
        "ephemeral": ephemeral,
        "kms": wrapped(kms),
    }


class Services:
    """A KMS and a table."""

    def __init__(self):
        self.blobs, self.items = [], {}
        self.kms, self.tables = boto3.client("kms"), boto3.client("dynamodb")
        self.kms._make_api_call, self.tables._make_api_call = self.ask_kms, self.ask_table

    def keep(self, plain, context):
        self.blobs.append({"plain": text(plain), "context": context})
        return {"CiphertextBlob": bytes([len(self.blobs) - 1]), "KeyId": KEY, "SourceKeyId": KEY}

    def ask_kms(self, operation, arguments):
        if operation == "GenerateDataKeyWithoutPlaintext":
            return self.keep(os.urandom(32), arguments["EncryptionContext"])
        kept = self.blobs[arguments["CiphertextBlob"][0]]
        plain = base64.b64decode(kept["plain"])
        if operation == "ReEncrypt":
            assert kept["context"] == arguments["SourceEncryptionContext"]
            return self.keep(plain, arguments["DestinationEncryptionContext"])
        assert operation == "Decrypt" and kept["context"] == arguments["EncryptionContext"]
        return {"Plaintext": plain, "KeyId": KEY}

    def ask_table(self, operation, arguments):
        if operation == "GetItem":
            key = arguments["Key"]
            item = self.items.get((key["branch-key-id"]["S"], key["type"]["S"]))
            return {"Item": item} if item else {}
        assert operation == "TransactWriteItems"
        for write in arguments["TransactItems"]:
            item = write["Put"]["Item"]
            self.items[item["branch-key-id"]["S"], item["type"]["S"]] = item
        return {}


def hierarchy():
    services = Services()
    store = KeyStore(
        KeyStoreConfig(
            ddb_table_name="KeyStore",
            logical_key_store_name="logical",
            kms_configuration=store_models.KMSConfigurationKmsKeyArn(KEY),
            ddb_client=services.tables,
            kms_client=services.kms,
        )
    )
    store.create_key(
        store_models.CreateKeyInput(branch_key_identifier="tenant", encryption_context={"department": "x"})
    )

    def keyring():
        asked = models.CreateAwsKmsHierarchicalKeyringInput(key_store=store, branch_key_id="tenant", ttl_seconds=60)
        return library.create_aws_kms_hierarchical_keyring(asked)

    first = wrapped(keyring())
    store.version_key(store_models.VersionKeyInput(branch_key_identifier="tenant"))
    beacon = store.get_beacon_key(store_models.GetBeaconKeyInput(branch_key_identifier="tenant"))
    items = [
        {name: {kind: text(value) if kind == "B" else value for kind, value in typed.items()} for name, typed in item.items()}
        for item in services.items.values()
    ]
    return {
        "kmsKey": KEY,
        "blobs": services.blobs,
        "items": items,
        "beaconKey": text(beacon.beacon_key_materials.beacon_key),
        "first": first,
        "second": wrapped(keyring()),
    }


print(
    json.dumps(
        {
            "context": CONTEXT,
            "agreements": [
                agreements("256", ec.SECP256R1()),
                agreements("384", ec.SECP384R1()),
                agreements("521", ec.SECP521R1()),
            ],
            "hierarchy": hierarchy(),
        },
        indent=1,
        sort_keys=True,
        ensure_ascii=False,
    )
)
