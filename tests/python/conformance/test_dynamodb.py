"""Every operation of DynamoDB through boto3, by its client and by its resource."""

import decimal
import threading
import unittest

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from server import Server

D = decimal.Decimal


class Case(unittest.TestCase):
    """One server for all tests of a class; each makes tables of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.client = cls.server.client("dynamodb")
        cls.resource = cls.server.resource("dynamodb")

    def table(self, **more):
        name = self.id().split(".")[-1]
        table = self.resource.create_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )
        table.wait_until_exists()
        table.reload()
        self.addCleanup(table.delete)
        return table

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response["Error"]["Message"]


class Tables(Case):
    def test_create_describe_list_delete(self):
        table = self.table(DeletionProtectionEnabled=False)
        self.assertEqual(table.table_status, "ACTIVE")
        self.assertEqual(table.key_schema[1], {"AttributeName": "sk", "KeyType": "RANGE"})
        described = self.client.describe_table(TableName=table.name)["Table"]
        self.assertEqual(described["TableArn"], f"arn:aws:dynamodb:us-east-1:000000000000:table/{table.name}")
        self.assertIn(table.name, self.client.list_tables()["TableNames"])
        other = self.client.create_table(
            TableName="Short",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
        )
        self.assertEqual(other["TableDescription"]["ProvisionedThroughput"]["WriteCapacityUnits"], 2)
        self.client.delete_table(TableName="Short")
        self.client.get_waiter("table_not_exists").wait(TableName="Short")
        text = self.refused("ResourceNotFoundException", self.client.describe_table, TableName="Short")
        self.assertEqual(text, "Requested resource not found: Table: Short not found")

    def test_update_table(self):
        table = self.table()
        self.client.update_table(TableName=table.name, DeletionProtectionEnabled=True)
        self.refused("ValidationException", self.client.delete_table, TableName=table.name)
        self.client.update_table(TableName=table.name, DeletionProtectionEnabled=False)
        self.client.update_table(
            TableName=table.name,
            BillingMode="PROVISIONED",
            ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 8},
        )
        table.wait_until_exists()
        table.reload()
        self.assertEqual(table.provisioned_throughput["ReadCapacityUnits"], 7)

    def test_list_tables_in_pages(self):
        for name in ("page-a", "page-b", "page-c"):
            self.client.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
            self.addCleanup(self.client.delete_table, TableName=name)
        pages = self.client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
        names = [name for page in pages for name in page["TableNames"] if name.startswith("page-")]
        self.assertEqual(names, ["page-a", "page-b", "page-c"])

    def test_limits_and_endpoints(self):
        self.assertGreater(self.client.describe_limits()["TableMaxReadCapacityUnits"], 0)
        address = self.client.describe_endpoints()["Endpoints"][0]["Address"]
        self.assertTrue(self.server.endpoint.endswith(address))


class Items(Case):
    def test_every_type_comes_back(self):
        table = self.table()
        item = {
            "pk": "a",
            "sk": D(1),
            "text": "é 🦀 \"x\"",
            "empty": "",
            "number": D("-1.5E-10"),
            "digits": D("12345678901234567890123456789012345678"),
            "bytes": b"\x00\xff",
            "flag": False,
            "nothing": None,
            "list": ["x", D(1), [b"y"]],
            "map": {"deep": {"deeper": D(2)}},
            "strings": {"x", "y"},
            "numbers": {D(1), D("2.5")},
            "blobs": {b"a", b"b"},
        }
        table.put_item(Item=item)
        found = table.get_item(Key={"pk": "a", "sk": 1}, ConsistentRead=True)["Item"]
        self.assertEqual(found, item)
        self.assertNotIn("Item", table.get_item(Key={"pk": "absent", "sk": 1}))

    def test_put_under_a_condition(self):
        table = self.table()
        table.put_item(Item={"pk": "a", "sk": 1, "v": 1}, ConditionExpression=Attr("pk").not_exists())
        text = self.refused(
            "ConditionalCheckFailedException",
            table.put_item,
            Item={"pk": "a", "sk": 1},
            ConditionExpression=Attr("pk").not_exists(),
        )
        self.assertEqual(text, "The conditional request failed")
        old = table.put_item(
            Item={"pk": "a", "sk": 1, "v": 2},
            ConditionExpression=Attr("v").between(0, 1) & ~Attr("w").exists() & Attr("pk").begins_with("a"),
            ReturnValues="ALL_OLD",
        )["Attributes"]
        self.assertEqual(old, {"pk": "a", "sk": D(1), "v": D(1)})

    def test_update_item(self):
        table = self.table()
        table.put_item(Item={"pk": "a", "sk": 1, "n": 1, "l": [1], "ss": {"x", "y"}, "gone": 1})
        updated = table.update_item(
            Key={"pk": "a", "sk": 1},
            UpdateExpression="SET n = n + :two, l = list_append(l, :l), fresh = if_not_exists(fresh, :two) "
            "REMOVE gone ADD c :two DELETE ss :x",
            ExpressionAttributeValues={":two": 2, ":l": [2], ":x": {"x"}},
            ReturnValues="ALL_NEW",
        )["Attributes"]
        expected = {"pk": "a", "sk": 1, "n": 3, "l": [1, 2], "ss": {"y"}, "fresh": 2, "c": 2}
        self.assertEqual(updated, expected)

    def test_counters_count_every_addition(self):
        table = self.table()

        def add():
            client = self.server.resource("dynamodb").Table(table.name)
            for _ in range(10):
                client.update_item(
                    Key={"pk": "c", "sk": 0},
                    UpdateExpression="ADD c :one",
                    ExpressionAttributeValues={":one": 1},
                )

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(table.get_item(Key={"pk": "c", "sk": 0})["Item"]["c"], 40)

    def test_delete_item(self):
        table = self.table()
        table.put_item(Item={"pk": "a", "sk": 1, "v": 1})
        self.refused(
            "ConditionalCheckFailedException",
            table.delete_item,
            Key={"pk": "a", "sk": 1},
            ConditionExpression=Attr("v").eq(2),
        )
        old = table.delete_item(Key={"pk": "a", "sk": 1}, ReturnValues="ALL_OLD")["Attributes"]
        self.assertEqual(old["v"], 1)
        self.assertNotIn("Item", table.get_item(Key={"pk": "a", "sk": 1}))

    def test_what_boto3_sends_can_be_refused(self):
        table = self.table()
        text = self.refused("ValidationException", table.get_item, Key={"pk": "a"})
        self.assertEqual(text, "The provided key element does not match the schema")
        text = self.refused("ValidationException", table.put_item, Item={"pk": "a"})
        self.assertEqual(text, "One or more parameter values were invalid: Missing the key sk in the item")


class Reads(Case):
    def filled(self):
        table = self.table()
        with table.batch_writer() as batch:
            for number in range(60):
                batch.put_item(Item={"pk": f"p{number % 3}", "sk": number, "even": number % 2 == 0})
        return table

    def test_query(self):
        table = self.filled()
        condition = Key("pk").eq("p1") & Key("sk").between(10, 40)
        found = table.query(KeyConditionExpression=condition, FilterExpression=Attr("even").eq(True))
        self.assertEqual([int(item["sk"]) for item in found["Items"]], [10, 16, 22, 28, 34, 40])
        self.assertEqual((found["Count"], found["ScannedCount"]), (6, 11))
        last = table.query(KeyConditionExpression=Key("pk").eq("p1"), ScanIndexForward=False, Limit=1)
        self.assertEqual(last["Items"][0]["sk"], 58)
        self.assertEqual(last["LastEvaluatedKey"], {"pk": "p1", "sk": D(58)})

    def test_query_in_pages(self):
        table = self.filled()
        pages = self.client.get_paginator("query").paginate(
            TableName=table.name,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": "p2"}},
            PaginationConfig={"PageSize": 7},
        )
        numbers = [int(item["sk"]["N"]) for page in pages for item in page["Items"]]
        self.assertEqual(numbers, list(range(2, 60, 3)))

    def test_scan(self):
        table = self.filled()
        whole = {int(item["sk"]) for item in table.scan()["Items"]}
        self.assertEqual(whole, set(range(60)))
        parts = []
        for segment in range(4):
            parts += table.scan(Segment=segment, TotalSegments=4)["Items"]
        self.assertEqual(sorted(int(item["sk"]) for item in parts), list(range(60)))
        counted = table.scan(Select="COUNT", FilterExpression=Attr("sk").lt(10) | Attr("sk").is_in([50]))
        self.assertEqual((counted["Count"], counted["ScannedCount"]), (11, 60))

    def test_batches(self):
        table = self.filled()
        keys = [{"pk": f"p{number % 3}", "sk": number} for number in range(0, 90, 10)]
        found = self.resource.batch_get_item(RequestItems={table.name: {"Keys": keys}})
        self.assertEqual(len(found["Responses"][table.name]), 6)
        self.assertEqual(found["UnprocessedKeys"], {})
        with table.batch_writer() as batch:
            for number in range(60):
                batch.delete_item(Key={"pk": f"p{number % 3}", "sk": number})
        self.assertEqual(table.scan()["Items"], [])


class KeysOfTables(Case):
    def test_a_table_follows_its_key(self):
        kms = self.server.client("kms")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        table = self.table(SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
        table.put_item(Item={"pk": "a", "sk": 1})
        kms.disable_key(KeyId=key)
        text = self.refused("ValidationException", table.get_item, Key={"pk": "a", "sk": 1})
        self.assertTrue(text.startswith("KMS key disabled error: "), text)
        table.reload()
        self.assertEqual(table.table_status, "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
        kms.enable_key(KeyId=key)
        self.assertIn("Item", table.get_item(Key={"pk": "a", "sk": 1}))


if __name__ == "__main__":
    unittest.main()
