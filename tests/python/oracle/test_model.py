"""What the server reads and refuses, against AWS's own model of the APIs as botocore carries it.

For each operation that works, and each member of its input in the model:

* a member of the wrong JSON type is refused: so no member is taken and ignored;
* a required member that is missing is told as AWS tells it;
* a value outside an enumeration, a range of numbers or a range of lengths is told with the model's own limits;
* whatever exception comes is one that the model declares, or one that every operation may answer with.
"""

import pathlib
import unittest

import botocore.session

from oracle import wire
from oracle.requests import Requests
from server import Server

REPOSITORY = pathlib.Path(__file__).parents[3]

# Not declared, answered by every operation. The last one is ours, for what does not work yet.
COMMON = {
    "ValidationException",
    "SerializationException",
    "AccessDeniedException",
    "ThrottlingException",
    "UnrecognizedClientException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnknownOperationException",
    "UnsupportedOperationException",
}

# What a refusal says of a member that does not work yet, or not together with another. It goes before limits.
NOT_YET = ("is not supported by this server yet", "must be the only operation in the request")

# Members of which the live service says something else than the model, and why.
OTHER_LENGTHS = {
    # The model allows an ARN wherever a name stands (1 to 1024); a name alone has 3 to 255 letters.
    "TableName",
    "ExclusiveStartTableName",
    # The model says 1 to 365 days, the service takes 7 to 30.
    "PendingWindowInDays",
}

# An enumeration that stands in the model twice, once deprecated and without the newer values.
DEPRECATED_ENUMERATIONS = {"CustomerMasterKeySpec"}


def works(service):
    """The operations that the table of differences says work."""
    heading = {"dynamodb": "## DynamoDB operations", "kms": "## KMS operations"}[service]
    paper = (REPOSITORY / "docs" / "differences-from-aws.md").read_text(encoding="utf-8")
    rows = paper.split(heading)[1].split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("|")]
    return [row[0] for row in cells if row[1] == "works"]


def lower_first(name):
    return name[0].lower() + name[1:]


def told_of_missing(operation, name):
    """Operations on tables tell a missing name of the table in words of their own."""
    if name == "TableName" and operation.endswith("Table"):
        return "The parameter 'TableName' is required but was not present in the request"
    return f"Value null at '{lower_first(name)}' failed to satisfy constraint: Member must not be null"


def of_wrong_type(shape):
    return {"string": 1, "blob": 1, "integer": "x", "long": "x", "double": "x", "boolean": "x"}.get(shape.type_name, "x")


class Model(unittest.TestCase):
    """One server for all; each request on things of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        session = botocore.session.get_session()
        cls.models = {service: session.get_service_model(service) for service in wire.TARGETS}
        cls.requests = Requests(cls.server.endpoint)

    def each(self):
        for service in wire.TARGETS:
            names = works(service)
            self.assertGreater(len(names), 12, f"the table of {service} was not found")
            for name in names:
                yield service, self.models[service].operation_model(name)

    def members(self):
        for service, operation in self.each():
            if operation.input_shape is None:
                continue
            for name, shape in operation.input_shape.members.items():
                yield service, operation, name, shape

    def refusal(self, service, operation, body):
        """The exception's name and text, once it is one that this operation may answer with."""
        status, exception, told = wire.call(self.server.endpoint, service, operation.name, body)
        self.assertEqual(status, 400, f"{operation.name} took {body}: {told}")
        declared = {shape.name for shape in operation.error_shapes}
        self.assertIn(exception, declared | COMMON, f"{operation.name} does not declare it")
        return exception, told.get("message", told.get("Message", ""))

    def test_right_requests_are_taken(self):
        for service, operation in self.each():
            with self.subTest(operation=operation.name):
                body = self.requests.of(service, operation.name)
                status, _, told = wire.call(self.server.endpoint, service, operation.name, body)
                self.assertEqual(status, 200, told)
                known = set(operation.output_shape.members) if operation.output_shape else set()
                self.assertLessEqual(set(told), known, "the answer has members that the model does not know")

    def test_no_member_is_ignored(self):
        for service, operation, name, shape in self.members():
            with self.subTest(operation=operation.name, member=name):
                body = self.requests.of(service, operation.name)
                body[name] = of_wrong_type(shape)
                self.refusal(service, operation, body)

    def test_required_members_are_required(self):
        for service, operation in self.each():
            for name in operation.input_shape.required_members if operation.input_shape else []:
                with self.subTest(operation=operation.name, member=name):
                    body = self.requests.of(service, operation.name)
                    del body[name]
                    exception, text = self.refusal(service, operation, body)
                    self.assertEqual(exception, "ValidationException")
                    self.assertIn(told_of_missing(operation.name, name), text)

    def test_enumerations_are_the_models(self):
        for service, operation, name, shape in self.members():
            if not getattr(shape, "enum", None) or name in DEPRECATED_ENUMERATIONS:
                continue
            with self.subTest(operation=operation.name, member=name):
                body = self.requests.of(service, operation.name)
                body[name] = "NONSENSE"
                exception, text = self.refusal(service, operation, body)
                if any(phrase in text for phrase in NOT_YET):
                    continue
                self.assertEqual(exception, "ValidationException")
                start = f"Value 'NONSENSE' at '{lower_first(name)}' failed to satisfy constraint: "
                self.assertIn(start + "Member must satisfy enum value set: [", text)
                told = text.split("enum value set: [")[1].split("]")[0].split(", ")
                self.assertEqual(sorted(told), sorted(shape.enum))

    def test_numbers_have_the_models_limits(self):
        for service, operation, name, shape in self.members():
            if shape.type_name not in ("integer", "long") or name in OTHER_LENGTHS:
                continue
            for limit, value, side in limits(shape, 1):
                with self.subTest(operation=operation.name, member=name, limit=limit):
                    body = self.requests.of(service, operation.name)
                    body[name] = value
                    self.check_limit(service, operation, body, name, f"have value {side} than or equal to {limit}")

    def test_texts_have_the_models_lengths(self):
        for service, operation, name, shape in self.members():
            if shape.type_name != "string" or name in OTHER_LENGTHS or getattr(shape, "enum", None):
                continue
            for limit, length, side in limits(shape, 1):
                with self.subTest(operation=operation.name, member=name, limit=limit):
                    body = self.requests.of(service, operation.name)
                    body[name] = "a" * length
                    self.check_limit(service, operation, body, name, f"have length {side} than or equal to {limit}")

    def check_limit(self, service, operation, body, name, constraint):
        exception, text = self.refusal(service, operation, body)
        if any(phrase in text for phrase in NOT_YET):
            return
        self.assertEqual(exception, "ValidationException")
        self.assertIn(f"at '{lower_first(name)}' failed to satisfy constraint: Member must {constraint}", text)


def limits(shape, step):
    """(limit, a value just beyond it, AWS's word for the side) for each limit that the model has."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and low >= step:
        yield low, low - step, "greater"
    if high is not None and high < 100_000:
        yield high, high + step, "less"


if __name__ == "__main__":
    unittest.main()
