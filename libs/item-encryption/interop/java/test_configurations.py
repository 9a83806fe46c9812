"""Every keyring of the guide and every attribute that is hard, under keys made for this run: items of AWS's Java library
opened by `strongroom item`, and the other way round; and what was done to an item refused, whatever it was."""

import base64
import json
import os
import secrets
import subprocess
import tempfile
import unittest
from pathlib import Path

import jpype

from java_values import jbytes, listed, mapped, of_second, second, started
from hard_values import VALUES
from random_items import normal, text

DBESDK = "software.amazon.cryptography.dbencryptionsdk"
TABLE = "Notes \U0001f511"
SUITES = {
    "0x6700": "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384",
    "0x6701": "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384",
}
PADDINGS = ["PKCS1", "OAEP_SHA1_MGF1", "OAEP_SHA256_MGF1", "OAEP_SHA384_MGF1", "OAEP_SHA512_MGF1"]
CURVES = {"P-256": "ECC_NIST_P256", "P-384": "ECC_NIST_P384", "P-521": "ECC_NIST_P521"}
ENCRYPT, SIGN, INCLUDE, NOTHING = (
    "ENCRYPT_AND_SIGN",
    "SIGN_ONLY",
    "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT",
    "DO_NOTHING",
)


def hard_items():
    """Items and the actions of their attributes; `id` is the key."""
    key = {"S": "k\U0001f511"}
    mixed = dict(zip(VALUES, [ENCRYPT, SIGN, ENCRYPT, NOTHING] * len(VALUES)))
    yield "mixed", {"id": key, **VALUES}, mixed
    yield "all encrypted", {"id": key, **VALUES}, dict.fromkeys(VALUES, ENCRYPT)
    yield "all signed", {"id": key, **VALUES}, dict.fromkeys(VALUES, SIGN)
    yield "all left", {"id": key, **VALUES}, dict.fromkeys(VALUES, NOTHING)
    yield "all included", {"id": key, **VALUES}, dict.fromkeys(VALUES, INCLUDE)
    yield "included and encrypted", {"id": key, **VALUES}, dict(zip(VALUES, [INCLUDE, ENCRYPT, SIGN] * len(VALUES)))
    yield "one", {"id": key}, {}
    yield "number key", {"id": {"N": "-7.50E1"}, "text": VALUES["text"]}, {"text": ENCRYPT}
    yield "number key included", {"id": {"N": "-7.50E1"}, "text": VALUES["text"]}, {"text": INCLUDE}
    yield "binary key", {"id": {"B": text(b"\xff\x00")}, "text": VALUES["text"]}, {"text": ENCRYPT}
    yield "binary key included", {"id": {"B": text(b"\xff\x00")}, "text": VALUES["text"]}, {"text": INCLUDE}


class Configurations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        started()
        cls.rsa = key_pair("RSA", jpype.java.security.spec.RSAKeyGenParameterSpec(2048, jpype.java.math.BigInteger.valueOf(65537)))
        curve = jpype.JClass("java.security.spec.ECGenParameterSpec")
        cls.curves = {
            name: [key_pair("EC", curve(f"secp{name[2:]}r1")) for _ in range(2)] for name in CURVES
        }

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_hard_items_go_both_ways(self):
        keyring = raw_aes(32)
        for suite in SUITES:
            for name, item, actions in hard_items():
                with self.subTest(item=name, suite=suite):
                    self.goes_both_ways(item, actions, suite, [keyring])

    def test_items_of_every_keyring_go_both_ways(self):
        for name, keyrings in self.keyrings():
            for suite in SUITES:
                with self.subTest(keyring=name, suite=suite):
                    item = {"id": {"S": "k"}, "text": VALUES["text"], "tags": VALUES["texts"], "link": {"S": "l"}}
                    actions = {"text": ENCRYPT, "tags": ENCRYPT, "link": SIGN}
                    self.goes_both_ways(item, actions, suite, keyrings)

    def keyrings(self):
        for length in (16, 24, 32):
            yield f"raw AES {8 * length}", [raw_aes(length)]
        for padding in PADDINGS:
            yield f"raw RSA {padding}", [raw_rsa(padding, self.rsa)]
        yield "several", [raw_aes(32), raw_rsa("OAEP_SHA256_MGF1", self.rsa), raw_aes(16)]
        for name, (own, other) in self.curves.items():
            yield f"static {name}", [static_ecdh(name, own, other)]

    def test_items_of_ephemeral_keys_open_by_discovery(self):
        item, actions = {"id": {"S": "k"}, "text": VALUES["text"]}, {"text": ENCRYPT}
        for name, (own, _) in self.curves.items():
            with self.subTest(curve=name):
                writing, reading = ephemeral_ecdh(name, own), discovery_ecdh(name, own)
                theirs = client(actions, "0x6700", [writing[0]]).encrypt(item)
                [opened] = self.strongroom("decrypt", config(actions, "0x6700", [reading[1]]), [theirs])
                self.assertEqual(normal(opened), normal(item))
                [ours] = self.strongroom("encrypt", config(actions, "0x6700", [writing[1]]), [item])
                self.assertEqual(normal(client(actions, "0x6700", [reading[0]]).decrypt(ours)), normal(item))

    def test_any_recipient_opens_alone(self):
        keyrings = [raw_aes(32), raw_rsa("OAEP_SHA512_MGF1", self.rsa), raw_aes(24)]
        item, actions = {"id": {"S": "k"}, "text": VALUES["text"]}, {"text": ENCRYPT}
        theirs = client(actions, "0x6701", [java for java, _ in keyrings]).encrypt(item)
        for _, ours in keyrings:
            [opened] = self.strongroom("decrypt", config(actions, "0x6701", [ours]), [theirs])
            self.assertEqual(normal(opened), normal(item))

    def test_what_was_done_to_an_item_is_refused(self):
        keyrings = [raw_aes(32), raw_aes(32)]
        actions = {"text": ENCRYPT, "other": ENCRYPT, "link": SIGN, "tags": SIGN, "tenant": INCLUDE, "left": NOTHING}
        item = {"id": {"S": "k"}, "text": {"S": "one"}, "other": {"S": "two"}, "link": {"S": "l"}, "left": {"S": "x"}}
        item |= {"tags": {"SS": ["a", "b"]}, "tenant": {"S": "t"}}
        for suite in SUITES:
            for included in (True, False):
                told = actions | ({} if included else {"tenant": SIGN})
                writer = client(told, suite, [java for java, _ in keyrings])
                theirs, second_of_theirs = writer.encrypt(item), writer.encrypt(dict(item, text={"S": "three"}))
                reading = config(told, suite, [ours for _, ours in keyrings])
                [opened] = self.strongroom("decrypt", reading, [theirs])
                self.assertEqual(normal(opened), normal(item))
                changed = dict(tampered(theirs, second_of_theirs))
                answers = self.strongroom("decrypt", reading, list(changed.values()), expected=1)
                for name, answer in zip(changed, answers, strict=True):
                    self.assertEqual(list(answer), ["Error"], name)
                    self.assertNotIn("one", answer["Error"].split(), name)
                for other in (raw_aes(32)[1], keyrings[0][1].replace('name = "', 'name = "x')):
                    [answer] = self.strongroom("decrypt", config(told, suite, [other]), [theirs], expected=1)
                    self.assertEqual(list(answer), ["Error"])
                elsewhere = reading.replace(json.dumps(TABLE, ensure_ascii=False), '"Elsewhere"')
                [answer] = self.strongroom("decrypt", elsewhere, [theirs], expected=1)
                self.assertEqual(list(answer), ["Error"])

    def goes_both_ways(self, item, actions, suite, keyrings):
        writer = client(actions, suite, [java for java, _ in keyrings])
        theirs = writer.encrypt(item)
        told = config(actions, suite, [ours for _, ours in keyrings])
        [opened] = self.strongroom("decrypt", told, [theirs])
        self.assertEqual(normal(opened), normal(item))
        [ours] = self.strongroom("encrypt", told, [item])
        self.assertEqual(normal(writer.decrypt(ours)), normal(item))

    def strongroom(self, what, config, items, expected=0):
        path = Path(self.folder.name, "items.toml")
        path.write_text(config, encoding="utf-8")
        lines = "".join(json.dumps(item) + "\n" for item in items)
        command = [os.environ["STRONGROOM_BIN"], "item", what, "--config", str(path)]
        run = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, expected, run.stdout.decode()[-600:] + run.stderr.decode())
        return [json.loads(line) for line in run.stdout.splitlines()]


class Client:
    def __init__(self, client):
        self.client = client
        self.model = jpype.JPackage(DBESDK).dynamodb.itemencryptor.model

    def encrypt(self, item):
        request = self.model.EncryptItemInput.builder().plaintextItem(second(item)).build()
        return of_second(self.client.EncryptItem(request).encryptedItem())

    def decrypt(self, item):
        request = self.model.DecryptItemInput.builder().encryptedItem(second(item)).build()
        return of_second(self.client.DecryptItem(request).plaintextItem())


def key_action(actions):
    return INCLUDE if INCLUDE in actions.values() else SIGN


def client(actions, suite, keyrings):
    """AWS's item encryptor."""
    action = jpype.JClass(DBESDK + ".structuredencryption.model.CryptoAction")
    told = {name: action.valueOf(value) for name, value in (actions | {"id": key_action(actions)}).items()}
    unsigned = [name for name, value in actions.items() if value == NOTHING]
    encryptor = jpype.JPackage(DBESDK).dynamodb.itemencryptor
    config = encryptor.model.DynamoDbItemEncryptorConfig.builder().logicalTableName(TABLE)
    config = config.partitionKeyName("id").attributeActionsOnEncrypt(mapped(told))
    if unsigned:
        config = config.allowedUnsignedAttributes(listed(unsigned))
    config = config.algorithmSuiteId(materials().model.DBEAlgorithmSuiteId.valueOf(SUITES[suite]))
    config = config.keyring(together(keyrings)).build()
    return Client(encryptor.DynamoDbItemEncryptor.builder().DynamoDbItemEncryptorConfig(config).build())


def config(actions, suite, keyrings):
    """The same in words of the guide."""

    def quoted(value):
        return json.dumps(value, ensure_ascii=False)

    unsigned = [name for name, value in actions.items() if value == NOTHING]
    lines = ['format = "dbesdk"', f'suite = "{suite}"', f"logical-table-name = {quoted(TABLE)}", 'partition-key = "id"']
    lines += [f"unsigned-attributes = {quoted(unsigned)}", "[attribute-actions]"]
    lines += [f"{quoted(name)} = {quoted(value)}" for name, value in actions.items()]
    return "\n".join(lines + keyrings)


def materials():
    return jpype.JPackage("software.amazon.cryptography.materialproviders")


def providers():
    told = materials().model.MaterialProvidersConfig.builder().build()
    return materials().MaterialProviders.builder().MaterialProvidersConfig(told).build()


def together(keyrings):
    if len(keyrings) == 1:
        return keyrings[0]
    several = materials().model.CreateMultiKeyringInput.builder().generator(keyrings[0])
    return providers().CreateMultiKeyring(several.childKeyrings(listed(keyrings[1:])).build())


def raw_aes(length):
    key, name = secrets.token_bytes(length), "k" + secrets.token_hex(4)
    told = materials().model.CreateRawAesKeyringInput.builder().keyNamespace("ours").keyName(name)
    told = told.wrappingKey(buffer(key))
    told = told.wrappingAlg(materials().model.AesWrappingAlg.valueOf(f"ALG_AES{8 * length}_GCM_IV12_TAG16")).build()
    ours = f'[[keyrings]]\ntype = "raw-aes"\nnamespace = "ours"\nname = "{name}"\nkey = {{ hex = "{key.hex()}" }}\n'
    return providers().CreateRawAesKeyring(told), ours


def raw_rsa(padding, pair):
    told = materials().model.CreateRawRsaKeyringInput.builder().keyNamespace("ours").keyName("rsa")
    told = told.paddingScheme(materials().model.PaddingScheme.valueOf(padding))
    told = told.publicKey(buffer(pair.public.encode())).privateKey(buffer(pair.private.encode())).build()
    ours = f"""[[keyrings]]
type = "raw-rsa"
namespace = "ours"
name = "rsa"
padding = "{padding}"
public-key = {{ pem = '''{pair.public}''' }}
private-key = {{ pem = '''{pair.private}''' }}
"""
    return providers().CreateRawRsaKeyring(told), ours


def static_ecdh(curve, own, other):
    input = materials().model.RawPrivateKeyToStaticPublicKeyInput.builder()
    input = input.senderStaticPrivateKey(buffer(own.private.encode())).recipientPublicKey(buffer(other.spki)).build()
    keys = f"private-key = {{ pem = '''{own.private}''' }}\nrecipient-public-key = {{ base64 = \"{text(other.spki)}\" }}\n"
    return ecdh(curve, "static", lambda told: told.RawPrivateKeyToStaticPublicKey(input), keys)


def ephemeral_ecdh(curve, other):
    input = materials().model.EphemeralPrivateKeyToStaticPublicKeyInput.builder().recipientPublicKey(buffer(other.spki))
    keys = f'recipient-public-key = {{ base64 = "{text(other.spki)}" }}\n'
    return ecdh(curve, "ephemeral", lambda told: told.EphemeralPrivateKeyToStaticPublicKey(input.build()), keys)


def discovery_ecdh(curve, own):
    input = materials().model.PublicKeyDiscoveryInput.builder().recipientStaticPrivateKey(buffer(own.private.encode()))
    keys = f"private-key = {{ pem = '''{own.private}''' }}\n"
    return ecdh(curve, "discovery", lambda told: told.PublicKeyDiscovery(input.build()), keys)


def ecdh(curve, schema, configured, keys):
    scheme = configured(materials().model.RawEcdhStaticConfigurations.builder()).build()
    spec = jpype.JClass("software.amazon.cryptography.primitives.model.ECDHCurveSpec").valueOf(CURVES[curve])
    told = materials().model.CreateRawEcdhKeyringInput.builder().KeyAgreementScheme(scheme).curveSpec(spec).build()
    ours = f'[[keyrings]]\ntype = "raw-ecdh"\nschema = "{schema}"\ncurve = "{curve}"\n{keys}'
    return providers().CreateRawEcdhKeyring(told), ours


class KeyPair:
    def __init__(self, private, public):
        self.spki = public
        self.private, self.public = pem("PRIVATE KEY", private), pem("PUBLIC KEY", public)


def key_pair(algorithm, spec):
    generator = jpype.java.security.KeyPairGenerator.getInstance(algorithm)
    generator.initialize(spec)
    pair = generator.generateKeyPair()
    return KeyPair(bytes(pair.getPrivate().getEncoded()), bytes(pair.getPublic().getEncoded()))


def pem(kind, der):
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN {kind}-----\n{lines}-----END {kind}-----\n"


def buffer(content):
    return jpype.java.nio.ByteBuffer.wrap(jbytes(content))


def tampered(item, other):
    """By name, what somebody may have done to an item; `other` is another version of it."""
    for name in ("aws_dbe_head", "aws_dbe_foot", "text", "other"):
        content = base64.b64decode(item[name]["B"])
        for at in range(len(content)):
            yield f"bit {at % 8} of byte {at} of {name}", {**item, name: binary(flipped(content, at, at % 8))}
        for cut in {0, 1, 2, len(content) // 2, len(content) - 1}:
            yield f"{name} cut to {cut}", {**item, name: binary(content[:cut])}
        yield f"{name} longer", {**item, name: binary(content + b"\0")}
        yield f"{name} as a string", {**item, name: {"S": "x"}}
    for name in item:
        if name != "left":
            yield f"{name} dropped", {key: value for key, value in item.items() if key != name}
            if item[name] != other[name]:
                yield f"{name} of another version", {**item, name: other[name]}
    yield "head and foot of another version", {**item, **{name: other[name] for name in ("aws_dbe_head", "aws_dbe_foot")}}
    yield "link changed", {**item, "link": {"S": "m"}}
    yield "link as bytes", {**item, "link": {"B": text(b"l")}}
    yield "link as a number", {**item, "link": {"N": "1"}}
    yield "tags changed", {**item, "tags": {"SS": ["a", "c"]}}
    yield "tags fewer", {**item, "tags": {"SS": ["a"]}}
    yield "tags as a list", {**item, "tags": {"L": [{"S": "a"}, {"S": "b"}]}}
    yield "tenant changed", {**item, "tenant": {"S": "u"}}
    yield "key changed", {**item, "id": {"S": "j"}}
    yield "key of another type", {**item, "id": {"B": text(b"k")}}
    yield "added", {**item, "more": {"S": "x"}}
    yield "added beside", {**item, ":more": {"S": "x"}}
    yield "renamed", {("linc" if name == "link" else name): value for name, value in item.items()}
    yield "swapped", {**item, "text": item["other"], "other": item["text"]}
    yield "clear for encrypted", {**item, "text": {"S": "one"}}
    yield "encrypted for clear", {**item, "link": item["text"]}
    yield from tampered_header(item)


def tampered_header(item):
    head, foot = (base64.b64decode(item[name]["B"]) for name in ("aws_dbe_head", "aws_dbe_foot"))
    for version in (0, 1, 2, 3, 255):
        if version != head[0]:
            yield f"version {version}", {**item, "aws_dbe_head": binary(bytes([version]) + head[1:])}
    for flavor in (0, 1, 2, 255):
        if flavor != head[1]:
            yield f"flavor {flavor}", {**item, "aws_dbe_head": binary(head[:1] + bytes([flavor]) + head[2:])}
    # A signature taken off, and the suite said to have none: the footer holds two recipients' tags of 48 bytes.
    unsigned = {"aws_dbe_head": binary(head[:1] + b"\0" + head[2:]), "aws_dbe_foot": binary(foot[:96])}
    if head[1] == 1:
        yield "without its signature", {**item, **unsigned}
        yield "signature off, suite kept", {**item, "aws_dbe_foot": binary(foot[:96])}
    start, keys = recipients(head)
    begin, end = head[:start], head[-32:]
    for name, order in {"swapped": [1, 0], "first twice": [0, 0], "thrice": [0, 1, 0], "first only": [0], "second only": [1], "none": []}.items():
        changed = begin + bytes([len(order)]) + b"".join(keys[at] for at in order) + end
        yield f"recipients {name}", {**item, "aws_dbe_head": binary(changed)}
        if order in ([1, 0], [0], [1]):
            tags = b"".join(foot[48 * at : 48 * at + 48] for at in order) + foot[96:]
            yield f"recipients {name}, and tags", {**item, "aws_dbe_head": binary(changed), "aws_dbe_foot": binary(tags)}
    yield "tags swapped", {**item, "aws_dbe_foot": binary(foot[48:96] + foot[:48] + foot[96:])}


def recipients(head):
    """Where the wrapped data keys begin, and each with its lengths."""

    def short(at):
        return int.from_bytes(head[at : at + 2])

    at = 34 + 2 + short(34)
    pairs, at = short(at), at + 2
    for _ in range(2 * pairs):
        at += 2 + short(at)
    start, keys, at = at, [], at + 1
    for _ in range(head[start]):
        begin = at
        for _ in range(3):
            at += 2 + short(at)
        keys.append(head[begin:at])
    return start, keys


def flipped(content, at, bit):
    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


def binary(content):
    return {"B": text(content)}


if __name__ == "__main__":
    unittest.main()
