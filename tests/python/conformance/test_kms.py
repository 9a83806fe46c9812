"""Every operation of KMS through boto3."""

import unittest

from botocore.exceptions import ClientError

from server import Server


class Case(unittest.TestCase):
    """One server for all tests of a class; each makes keys of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.kms = cls.server.client("kms")

    def key(self, **arguments):
        return self.kms.create_key(**arguments)["KeyMetadata"]["KeyId"]

    def state(self, key):
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response["Error"].get("Message", "")


class Keys(Case):
    def test_create_describe_and_list(self):
        metadata = self.kms.create_key(Description="mine")["KeyMetadata"]
        self.assertEqual(metadata["Arn"], f"arn:aws:kms:us-east-1:000000000000:key/{metadata['KeyId']}")
        self.assertEqual(metadata["KeyState"], "Enabled")
        self.assertEqual(self.kms.describe_key(KeyId=metadata["Arn"])["KeyMetadata"], metadata)
        pages = self.kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
        self.assertIn(metadata["KeyId"], [key["KeyId"] for page in pages for key in page["Keys"]])

    def test_disable_and_enable(self):
        key = self.key()
        self.kms.disable_key(KeyId=key)
        self.assertEqual(self.state(key), "Disabled")
        text = self.refused("DisabledException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        self.assertEqual(text, f"arn:aws:kms:us-east-1:000000000000:key/{key} is disabled.")
        self.kms.enable_key(KeyId=key)
        self.assertEqual(self.state(key), "Enabled")

    def test_schedule_and_cancel_deletion(self):
        key = self.key()
        answer = self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.assertEqual((answer["KeyState"], answer["PendingWindowInDays"]), ("PendingDeletion", 7))
        self.refused("KMSInvalidStateException", self.kms.enable_key, KeyId=key)
        self.kms.cancel_key_deletion(KeyId=key)
        self.assertEqual(self.state(key), "Disabled")

    def test_tags(self):
        key = self.key(Tags=[{"TagKey": "a", "TagValue": "1"}])
        self.kms.tag_resource(KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}])
        self.kms.untag_resource(KeyId=key, TagKeys=["a"])
        self.assertEqual(self.kms.list_resource_tags(KeyId=key)["Tags"], [{"TagKey": "b", "TagValue": "2"}])


class Aliases(Case):
    def test_an_alias_is_made_moved_listed_and_deleted(self):
        one, other = self.key(), self.key()
        self.kms.create_alias(AliasName="alias/app", TargetKeyId=one)
        self.kms.update_alias(AliasName="alias/app", TargetKeyId=other)
        self.assertEqual(self.kms.describe_key(KeyId="alias/app")["KeyMetadata"]["KeyId"], other)
        listed = self.kms.list_aliases(KeyId=other)["Aliases"]
        self.assertEqual([alias["AliasName"] for alias in listed], ["alias/app"])
        self.refused("AlreadyExistsException", self.kms.create_alias, AliasName="alias/app", TargetKeyId=one)
        self.kms.delete_alias(AliasName="alias/app")
        self.refused("NotFoundException", self.kms.describe_key, KeyId="alias/app")


class Messages(Case):
    def test_encrypt_and_decrypt_under_a_context(self):
        key = self.key()
        context = {"Table": "Notes", "empty": ""}
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]
        self.assertNotIn(b"secret", blob)
        answer = self.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
        self.assertEqual(answer["Plaintext"], b"secret")
        for wrong in ({}, {"Table": "notes", "empty": ""}, {"Table": "Notes"}):
            text = self.refused(
                "InvalidCiphertextException", self.kms.decrypt, CiphertextBlob=blob, EncryptionContext=wrong
            )
            self.assertIn(text, ("", None))

    def test_re_encrypt(self):
        one, other = self.key(), self.key()
        blob = self.kms.encrypt(KeyId=one, Plaintext=b"secret")["CiphertextBlob"]
        moved = self.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
        self.kms.disable_key(KeyId=one)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"], b"secret")

    def test_data_keys(self):
        key = self.key()
        data_key = self.kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        opened = self.kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"]
        self.assertEqual(opened, data_key["Plaintext"])
        self.assertEqual(len(opened), 32)
        without = self.kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=24)
        self.assertNotIn("Plaintext", without)
        self.assertEqual(len(self.kms.decrypt(CiphertextBlob=without["CiphertextBlob"])["Plaintext"]), 24)

    def test_random_bytes(self):
        self.assertEqual(len(self.kms.generate_random(NumberOfBytes=100)["Plaintext"]), 100)


if __name__ == "__main__":
    unittest.main()
