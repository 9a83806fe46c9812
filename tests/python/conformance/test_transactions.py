"""Transactions through boto3, by its client."""

import concurrent.futures
import unittest

from botocore.exceptions import ClientError

from server import Server


def key(pk):
    return {"pk": {"S": pk}}


class Transactions(unittest.TestCase):
    """One server for all tests; each makes tables of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.client = cls.server.client("dynamodb")

    def setUp(self):
        self.one, self.two = (f"{self.id().split('.')[-1]}-{number}" for number in (1, 2))
        for name in (self.one, self.two):
            self.client.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
            self.addCleanup(self.client.delete_table, TableName=name)

    def put(self, pk, table=None, **more):
        return {"Put": {"TableName": table or self.one, "Item": key(pk), **more}}

    def add(self, pk, number, token=None):
        update = {
            "TableName": self.one,
            "Key": key(pk),
            "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": str(number)}},
        }
        return self.client.transact_write_items(
            TransactItems=[{"Update": update}], **({"ClientRequestToken": token} if token else {})
        )

    def item(self, pk, table=None):
        return self.client.get_item(TableName=table or self.one, Key=key(pk)).get("Item")

    def cancelled(self, *items):
        with self.assertRaises(self.client.exceptions.TransactionCanceledException) as caught:
            self.client.transact_write_items(TransactItems=list(items))
        response = caught.exception.response
        codes = [reason["Code"] for reason in response["CancellationReasons"]]
        self.assertEqual(
            response["Error"]["Message"],
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]",
        )
        return response["CancellationReasons"]

    def test_all_of_it_happens(self):
        self.client.put_item(TableName=self.two, Item=key("old"))
        answer = self.client.transact_write_items(
            TransactItems=[
                self.put("a"),
                {"Delete": {"TableName": self.two, "Key": key("old")}},
                {
                    "ConditionCheck": {
                        "TableName": self.two,
                        "Key": key("none"),
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                },
            ],
            ReturnConsumedCapacity="INDEXES",
            ReturnItemCollectionMetrics="SIZE",
        )
        one, two = answer["ConsumedCapacity"]
        self.assertEqual((one["TableName"], one["WriteCapacityUnits"], two["CapacityUnits"]), (self.one, 2.0, 4.0))
        self.assertEqual(two["Table"]["WriteCapacityUnits"], 4.0)
        self.assertEqual(self.item("a"), key("a"))
        self.assertIsNone(self.item("old", self.two))

    def test_or_none_of_it(self):
        there = {**key("there"), "v": {"S": "x"}}
        self.client.put_item(TableName=self.two, Item=there)
        if_new = {"ConditionExpression": "attribute_not_exists(pk)"}
        reasons = self.cancelled(
            self.put("a"),
            self.put("there", self.two, ReturnValuesOnConditionCheckFailure="ALL_OLD", **if_new),
            {"Delete": {"TableName": self.one, "Key": {"other": {"S": "x"}}}},
        )
        self.assertEqual(reasons[0], {"Code": "None"})
        self.assertEqual(
            reasons[1],
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": there},
        )
        self.assertEqual(
            reasons[2],
            {"Code": "ValidationError", "Message": "The provided key element does not match the schema"},
        )
        self.assertIsNone(self.item("a"))

    def test_a_token_makes_it_once(self):
        for _ in range(3):
            self.add("a", 1, token=self.one)
        self.assertEqual(self.item("a")["n"], {"N": "1"})
        with self.assertRaises(self.client.exceptions.IdempotentParameterMismatchException):
            self.add("a", 2, token=self.one)
        # boto3 makes a token where none is given.
        self.add("a", 1)
        self.add("a", 1)
        self.assertEqual(self.item("a")["n"], {"N": "3"})

    def test_one_token_from_many_at_once(self):
        def once(_):
            try:
                return bool(self.add("a", 1, token=self.one))
            except self.client.exceptions.TransactionInProgressException:
                return False

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertIn(True, pool.map(once, range(24)))
        self.assertEqual(self.item("a")["n"], {"N": "1"})

    def test_items_as_they_were_together(self):
        self.client.put_item(TableName=self.two, Item={**key("b"), "v": {"N": "1"}, "w": {"N": "2"}})
        answer = self.client.transact_get_items(
            TransactItems=[
                {"Get": {"TableName": self.one, "Key": key("none")}},
                {
                    "Get": {
                        "TableName": self.two,
                        "Key": key("b"),
                        "ProjectionExpression": "#v",
                        "ExpressionAttributeNames": {"#v": "v"},
                    }
                },
            ],
            ReturnConsumedCapacity="TOTAL",
        )
        self.assertEqual(answer["Responses"], [{}, {"Item": {"v": {"N": "1"}}}])
        self.assertEqual([told["ReadCapacityUnits"] for told in answer["ConsumedCapacity"]], [2.0, 2.0])

    def test_what_is_wrong_is_refused(self):
        twice = "Transaction request cannot include multiple operations on one item"
        for items, text in [
            ([self.put("a"), self.put("a")], twice),
            (
                [{**self.put("a"), "Delete": {"TableName": self.one, "Key": key("a")}}],
                "TransactItems can only contain one of Check, Put, Update or Delete",
            ),
        ]:
            with self.assertRaises(ClientError) as caught:
                self.client.transact_write_items(TransactItems=items)
            error = caught.exception.response["Error"]
            self.assertEqual((error["Code"], error["Message"]), ("ValidationException", text))
        with self.assertRaises(self.client.exceptions.ResourceNotFoundException):
            self.client.transact_write_items(TransactItems=[self.put("a", "nowhere")])
        self.assertIsNone(self.item("a"))
