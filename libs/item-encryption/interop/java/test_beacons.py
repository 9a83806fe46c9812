"""Beacons of AWS's Java library beside those of `strongroom item beacons`, and its queries beside those of
`strongroom item rewrite-query`, under a beacon key made for this run."""

import json
import os
import re
import secrets
import subprocess
import tempfile
import unittest
from pathlib import Path

import jpype

from java_values import jbytes, listed, mapped, of_second, second, started
from test_configurations import DBESDK, SUITES, buffer, materials, raw_aes

TABLE, ARN = "Notes", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENCRYPTED = ["name", "nick", "tags", "labels", "phone", "address", "about", "city"]
ACTIONS = dict.fromkeys(ENCRYPTED, "ENCRYPT_AND_SIGN") | {"id": "SIGN_ONLY", "year": "SIGN_ONLY", "author": "SIGN_ONLY"}
SEARCH = {
    "standard-beacons": [
        {"name": "name", "length": 32},
        {"name": "nick", "length": 32, "style": {"shared": "name"}},
        {"name": "tags", "length": 10, "style": "as-set"},
        {"name": "labels", "length": 10, "style": {"shared-set": "tags"}},
        {"name": "PhoneBeacon", "length": 63, "location": "phone"},
        {"name": "street", "length": 17, "location": "address.street"},
        {"name": "floor", "length": 1, "location": "address.floors[1]"},
        {"name": "letters", "length": 12},
        {"name": "mail", "length": 20, "style": "part-only"},
    ],
    "virtual-fields": [
        {
            "name": "letters",
            "parts": [
                {"location": "name", "transforms": ["upper", {"prefix": 1}, {"insert": "."}]},
                {"location": "nick", "transforms": [{"suffix": -1}, "lower", {"substring": {"low": -4, "high": 3}}]},
                {"location": "year"},
            ],
        },
        {
            "name": "mail",
            "parts": [
                {"location": "about", "transforms": [{"segment": {"split": "@", "index": -1}}]},
                {"location": "about", "transforms": [{"segments": {"split": ",", "low": 0, "high": 2}}]},
            ],
        },
    ],
    "compound-beacons": [
        {
            "name": "mixed",
            "split": ".",
            "encrypted": [{"name": "name", "prefix": "N-"}, {"name": "mail", "prefix": "M-"}],
            "signed": [{"name": "when", "prefix": "Y-", "location": "year"}],
            "constructors": [
                {"parts": [{"name": "name"}, {"name": "mail", "required": False}, {"name": "when"}]},
                {"parts": [{"name": "when"}, {"name": "aphone", "required": True}]},
                {"parts": [{"name": "when"}]},
            ],
        },
        {"name": "signed", "split": "~", "signed": [{"name": "year", "prefix": "Y-"}, {"name": "author", "prefix": "A-"}]},
        {
            "name": "plain",
            "split": "/",
            "encrypted": [{"name": "name", "prefix": "N-"}],
            "constructors": [{"parts": [{"name": "name"}, {"name": "PhoneBeacon"}]}],
        },
        {"name": "whole", "split": "/", "encrypted": [{"name": "name", "prefix": "N-"}, {"name": "nick", "prefix": "K-"}], "signed": [{"name": "year", "prefix": "Y-"}]},
    ],
    "encrypted-parts": [{"name": "PhoneBeacon", "prefix": "P-"}],
    "signed-parts": [{"name": "aphone", "prefix": "B-", "location": "author"}],
}
ITEMS = [
    {
        "name": {"S": "Ann \U0001f511"}, "nick": {"S": "ANNIE"}, "year": {"N": "1984"}, "author": {"S": "x"},
        "tags": {"SS": ["a", "b", "c"]}, "labels": {"NS": ["1", "2.50"]}, "phone": {"N": "123.4"},
        "address": {"M": {"street": {"S": "Rue é"}, "floors": {"L": [{"N": "1"}, {"B": "AQI="}]}}}, "about": {"S": "ann,b,c@d"},
    },
    {"name": {"S": ""}, "year": {"N": "1984"}, "tags": {"BS": ["AQ==", "Ag=="]}, "phone": {"BOOL": True}},
    {"nick": {"S": "x"}, "year": {"N": "-1000"}, "author": {"S": "y"}, "phone": {"L": [{"S": "a"}, {"M": {"b": {"NULL": True}}}]}},
    {"year": {"N": "7"}, "name": {"N": "50"}, "tags": {"NS": ["1"]}, "address": {"M": {"street": {"NULL": True}}}},
    {"name": {"S": "x"}, "phone": {"S": "12"}},
    {"name": {"S": "x"}, "phone": {"NULL": True}, "nick": {"BOOL": False}, "year": {"NULL": True}, "author": {"BOOL": True}},
    {},
]  # fmt: skip
QUERIES = [
    ("name = :s", {":s": "Ann"}),
    ("#n = :s AND #y = :y", {":s": "Ann", ":y": "1984"}),
    ("name IN (:s, :t) OR nick = :s", {":s": "Ann", ":t": "Bob"}),
    ("contains(tags, :s)", {":s": "a"}),
    ("mixed = :m", {":m": "N-Ann.Y-1984"}),
    ("begins_with(mixed, :m)", {":m": "N-Ann"}),
    ("begins_with(mixed, :m) AND signed = :z", {":m": "Y-19", ":z": "Y-1984~A-x"}),
    ("plain = :m", {":m": "N-Ann/P-12"}),
    ("letters = :s", {":s": "A.nni1984"}),
    ("PhoneBeacon = :s AND attribute_exists(author)", {":s": "12"}),
    ("signed BETWEEN :a AND :b", {":a": "Y-1", ":b": "Y-2"}),
    ("street = :s AND floor = :t", {":s": "x", ":t": "y"}),
]


class Beacons(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        started()
        cls.key = secrets.token_bytes(32)
        cls.keyring, cls.words = raw_aes(32)
        cls.transforms = transforms(cls.keyring, cls.key)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_beacons_are_the_same_and_items_open(self):
        items = [{"id": {"S": "k"}, **item} for item in ITEMS]
        theirs = [self.written(item) for item in items]
        ours = self.strongroom("beacons", items)
        for item, written, beacons in zip(items, theirs, ours, strict=True):
            told = {name: value for name, value in written.items() if name.startswith("aws_dbe_b_") or name == "signed"}
            # Which this version of AWS's library does not write yet.
            self.assertEqual(beacons.pop("aws_dbe_v_1"), {"S": " "})
            self.assertEqual(sets_sorted(beacons), sets_sorted(told), item)
        for opened, beacons, item in zip(self.strongroom("decrypt", theirs), ours, items, strict=True):
            signed = {name: value for name, value in beacons.items() if name == "signed"}
            self.assertEqual(set(opened), set(item) | set(signed))

    def test_queries_are_the_same(self):
        requests = [request(*query) for query in QUERIES]
        for asked, answer in zip(requests, self.strongroom("rewrite-query", requests), strict=True):
            [ours] = answer["Requests"]
            self.assertEqual(written_out(ours), written_out(self.asked(asked)), asked)

    def written(self, item):
        put = jpype.JClass("software.amazon.awssdk.services.dynamodb.model.PutItemRequest")
        put = put.builder().tableName(TABLE).item(second(item)).build()
        model = jpype.JPackage(DBESDK).dynamodb.transforms.model
        told = model.PutItemInputTransformInput.builder().sdkInput(put).build()
        return of_second(self.transforms.PutItemInputTransform(told).transformedInput().item())

    def asked(self, request):
        scan = jpype.JClass("software.amazon.awssdk.services.dynamodb.model.ScanRequest").builder().tableName(TABLE)
        scan = scan.filterExpression(request["FilterExpression"])
        scan = scan.expressionAttributeValues(second(request["ExpressionAttributeValues"]))
        if "ExpressionAttributeNames" in request:
            scan = scan.expressionAttributeNames(mapped(request["ExpressionAttributeNames"]))
        model = jpype.JPackage(DBESDK).dynamodb.transforms.model
        told = model.ScanInputTransformInput.builder().sdkInput(scan.build()).build()
        scan = self.transforms.ScanInputTransform(told).transformedInput()
        names = scan.expressionAttributeNames()
        return {
            "FilterExpression": str(scan.filterExpression()),
            "ExpressionAttributeNames": {str(name): str(names[name]) for name in names},
            "ExpressionAttributeValues": of_second(scan.expressionAttributeValues()),
        }

    def strongroom(self, what, lines):
        actions = {name: action for name, action in ACTIONS.items() if name != "id"}
        told = {"format": "dbesdk", "suite": "0x6700", "logical-table-name": TABLE, "partition-key": "id"}
        [name, key] = (re.search(pattern, self.words)[1] for pattern in ('name = "(k[^"]*)"', 'hex = "([^"]*)"'))
        keyring = {"type": "raw-aes", "namespace": "ours", "name": name, "key": {"hex": key}}
        search = {"beacon-key": {"hex": self.key.hex()}, **SEARCH}
        told |= {"attribute-actions": actions, "keyrings": [keyring], "search": search}
        path = Path(self.folder.name, "items.json")
        path.write_text(json.dumps(told), encoding="utf-8")
        command = [os.environ["STRONGROOM_BIN"], "item", what, "--config", str(path)]
        lines = "".join(json.dumps(line) + "\n" for line in lines)
        run = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout.decode()[-600:] + run.stderr.decode())
        return [json.loads(line) for line in run.stdout.splitlines()]


def request(expression, values):
    told = {"FilterExpression": expression, "ExpressionAttributeValues": {name: typed(name, text) for name, text in values.items()}}
    names = {"#n": "name", "#y": "year"}
    used = {name: attribute for name, attribute in names.items() if name in expression}
    return told | ({"ExpressionAttributeNames": used} if used else {})


def typed(name, text):
    return {"N": text} if name == ":y" else {"S": text}


def written_out(request):
    """The expression with what its placeholders mean, without blanks."""
    names = request.get("ExpressionAttributeNames", {})
    values = {name: json.dumps(value) for name, value in request["ExpressionAttributeValues"].items()}
    expression = re.sub(r"[#:]\w+", lambda found: (names | values)[found[0]], request["FilterExpression"])
    return re.sub(r"\s+", "", expression)


def sets_sorted(item):
    return {name: {kind: sorted(content) if kind == "SS" else content for kind, content in value.items()} for name, value in item.items()}


def transforms(keyring, beacon_key):
    """What AWS's interceptor does to requests, with a key store that has one beacon key."""
    dynamodb = jpype.JPackage(DBESDK).dynamodb
    action = jpype.JClass(DBESDK + ".structuredencryption.model.CryptoAction")
    told = {name: action.valueOf(value) for name, value in ACTIONS.items()}
    table = dynamodb.model.DynamoDbTableEncryptionConfig.builder().logicalTableName(TABLE).partitionKeyName("id")
    table = table.attributeActionsOnEncrypt(mapped(told)).keyring(keyring).search(search(beacon_key))
    table = table.algorithmSuiteId(materials().model.DBEAlgorithmSuiteId.valueOf(SUITES["0x6700"])).build()
    tables = dynamodb.model.DynamoDbTablesEncryptionConfig.builder().tableEncryptionConfigs(mapped({TABLE: table})).build()
    return dynamodb.transforms.DynamoDbEncryptionTransforms.builder().DynamoDbTablesEncryptionConfig(tables).build()


def search(beacon_key):
    model = jpype.JPackage(DBESDK).dynamodb.model
    single = model.SingleKeyStore.builder().keyId("tenant").cacheTTL(integer(60)).build()
    version = model.BeaconVersion.builder().version(integer(1)).keyStore(key_store(beacon_key))
    version = version.keySource(model.BeaconKeySource.builder().single(single).build())
    version = version.standardBeacons(listed(standard(model, told) for told in SEARCH["standard-beacons"]))
    version = version.compoundBeacons(listed(compound(model, told) for told in SEARCH["compound-beacons"]))
    version = version.virtualFields(listed(virtual(model, told) for told in SEARCH["virtual-fields"]))
    version = version.encryptedParts(listed(encrypted_part(model, told) for told in SEARCH["encrypted-parts"]))
    version = version.signedParts(listed(signed_part(model, told) for told in SEARCH["signed-parts"]))
    return model.SearchConfig.builder().versions(listed([version.build()])).writeVersion(integer(1)).build()


def standard(model, told):
    made = model.StandardBeacon.builder().name(told["name"]).length(integer(told["length"]))
    if "location" in told:
        made = made.loc(told["location"])
    style = model.BeaconStyle.builder()
    match told.get("style"):
        case "part-only":
            made = made.style(style.partOnly(model.PartOnly.builder().build()).build())
        case "as-set":
            made = made.style(style.asSet(model.AsSet.builder().build()).build())
        case {"shared": other}:
            made = made.style(style.shared(model.Shared.builder().other(other).build()).build())
        case {"shared-set": other}:
            made = made.style(style.sharedSet(model.SharedSet.builder().other(other).build()).build())
    return made.build()


def compound(model, told):
    made = model.CompoundBeacon.builder().name(told["name"]).split(told["split"])
    if "encrypted" in told:
        made = made.encrypted(listed(encrypted_part(model, part) for part in told["encrypted"]))
    if "signed" in told:
        made = made.signed(listed(signed_part(model, part) for part in told["signed"]))
    if "constructors" in told:
        made = made.constructors(listed(constructor(model, parts["parts"]) for parts in told["constructors"]))
    return made.build()


def constructor(model, parts):
    made = [model.ConstructorPart.builder().name(part["name"]).required(part.get("required", True)).build() for part in parts]
    return model.Constructor.builder().parts(listed(made)).build()


def encrypted_part(model, told):
    return model.EncryptedPart.builder().name(told["name"]).prefix(told["prefix"]).build()


def signed_part(model, told):
    made = model.SignedPart.builder().name(told["name"]).prefix(told["prefix"])
    return (made.loc(told["location"]) if "location" in told else made).build()


def virtual(model, told):
    parts = []
    for part in told["parts"]:
        made = model.VirtualPart.builder().loc(part["location"])
        if "transforms" in part:
            made = made.trans(listed(transform(model, step) for step in part["transforms"]))
        parts.append(made.build())
    return model.VirtualField.builder().name(told["name"]).parts(listed(parts)).build()


def transform(model, told):
    made, whole = model.VirtualTransform.builder(), integer
    match told:
        case "upper":
            made = made.upper(model.Upper.builder().build())
        case "lower":
            made = made.lower(model.Lower.builder().build())
        case {"insert": literal}:
            made = made.insert(model.Insert.builder().literal(literal).build())
        case {"prefix": length}:
            made = made.prefix(model.GetPrefix.builder().length(whole(length)).build())
        case {"suffix": length}:
            made = made.suffix(model.GetSuffix.builder().length(whole(length)).build())
        case {"substring": {"low": low, "high": high}}:
            made = made.substring(model.GetSubstring.builder().low(whole(low)).high(whole(high)).build())
        case {"segment": {"split": split, "index": index}}:
            made = made.segment(model.GetSegment.builder().split(split).index(whole(index)).build())
        case {"segments": {"split": split, "low": low, "high": high}}:
            made = made.segments(model.GetSegments.builder().split(split).low(whole(low)).high(whole(high)).build())
    return made.build()


def integer(number):
    return jpype.java.lang.Integer.valueOf(number)


def key_store(beacon_key):
    record = {"branch-key-id": {"S": "tenant"}, "type": {"S": "beacon:ACTIVE"}, "enc": {"B": "AAAA"}, "kms-arn": {"S": ARN}}
    record |= {"create-time": {"S": "2026-11-21T00:00:00.000000Z"}, "hierarchy-version": {"N": "1"}}
    dynamodb, kms = "software.amazon.awssdk.services.dynamodb", "software.amazon.awssdk.services.kms"
    found = jpype.JClass(dynamodb + ".model.GetItemResponse").builder().item(second(record)).build()
    plain = jpype.JClass("software.amazon.awssdk.core.SdkBytes").fromByteArray(jbytes(beacon_key))
    opened = jpype.JClass(kms + ".model.DecryptResponse").builder().plaintext(plain).keyId(ARN).build()
    tables = jpype.JProxy(dynamodb + ".DynamoDbClient", dict={"getItem": lambda request: found})
    keys = jpype.JProxy(kms + ".KmsClient", dict={"decrypt": lambda request: opened})
    model = jpype.JPackage("software.amazon.cryptography.keystore").model
    told = model.KeyStoreConfig.builder().ddbTableName("KeyStore").logicalKeyStoreName("KeyStore").ddbClient(tables).kmsClient(keys)
    told = told.kmsConfiguration(model.KMSConfiguration.builder().kmsKeyArn(ARN).build()).build()
    return jpype.JClass("software.amazon.cryptography.keystore.KeyStore").builder().KeyStoreConfig(told).build()


if __name__ == "__main__":
    unittest.main()
