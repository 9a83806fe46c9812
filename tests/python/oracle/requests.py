"""For each operation a request that is right, on things made for it."""

import base64

from oracle import wire

KEY = {"pk": {"S": "a"}}


class Requests:
    """Makes requests against one server; each is right until somebody changes it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.made = 0

    def of(self, service, operation):
        """The body of a call that succeeds."""
        return getattr(self, f"_{service}")(operation)

    def _dynamodb(self, operation):
        if operation == "CreateTable":
            return self._table_specification()
        if operation in ("ListTables", "DescribeLimits", "DescribeEndpoints"):
            return {}
        table = self._table()
        if operation == "BatchGetItem":
            return {"RequestItems": {table: {"Keys": [KEY]}}}
        if operation == "BatchWriteItem":
            return {"RequestItems": {table: [{"PutRequest": {"Item": KEY}}]}}
        if operation == "TransactGetItems":
            return {"TransactItems": [{"Get": {"TableName": table, "Key": KEY}}]}
        if operation == "TransactWriteItems":
            return {"TransactItems": [{"Put": {"TableName": table, "Item": KEY}}]}
        members = {
            "PutItem": {"Item": KEY},
            "GetItem": {"Key": KEY},
            "UpdateItem": {"Key": KEY},
            "DeleteItem": {"Key": KEY},
            "Query": {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}},
            "UpdateTable": {"DeletionProtectionEnabled": False},
        }
        return {"TableName": table, **members.get(operation, {})}

    def _kms(self, operation):
        if operation in ("CreateKey", "ListKeys", "ListAliases"):
            return {}
        if operation == "GenerateRandom":
            return {"NumberOfBytes": 8}
        key = self._call("kms", "CreateKey", {})["KeyMetadata"]["KeyId"]
        if operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
            return self._alias(operation, key)
        plaintext = base64.b64encode(b"x").decode()
        if operation == "CancelKeyDeletion":
            self._call("kms", "ScheduleKeyDeletion", {"KeyId": key})
        if operation in ("Decrypt", "ReEncrypt"):
            blob = self._call("kms", "Encrypt", {"KeyId": key, "Plaintext": plaintext})["CiphertextBlob"]
            return {"CiphertextBlob": blob, **({"DestinationKeyId": key} if operation == "ReEncrypt" else {})}
        members = {
            "Encrypt": {"Plaintext": plaintext},
            "GenerateDataKey": {"KeySpec": "AES_256"},
            "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
            "TagResource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
            "UntagResource": {"TagKeys": ["a"]},
            "UpdateKeyDescription": {"Description": "another"},
        }
        return {"KeyId": key, **members.get(operation, {})}

    def _alias(self, operation, key):
        alias = {"AliasName": f"alias/a{self._number()}", "TargetKeyId": key}
        if operation == "CreateAlias":
            return alias
        self._call("kms", "CreateAlias", alias)
        return alias if operation == "UpdateAlias" else {"AliasName": alias["AliasName"]}

    def _table(self):
        specification = self._table_specification()
        self._call("dynamodb", "CreateTable", specification)
        return specification["TableName"]

    def _table_specification(self):
        return {
            "TableName": f"table-{self._number()}",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }

    def _number(self):
        self.made += 1
        return self.made

    def _call(self, service, operation, body):
        status, _, told = wire.call(self.endpoint, service, operation, body)
        assert status == 200, (operation, body, told)
        return told
