"""Random items of every type, as DynamoDB JSON, and how two libraries' answers compare."""

import base64
from decimal import Decimal

NAMES = ["a", "B", "0", "_", "é", "ß", "\uffee", "\U0001f511", "\U00010000", "z" * 200, "a.b", "name with space"]


class RandomItems:
    """Items with the keys `id` and `number`, a string `signed`, and `left`; numbers of up to `longest` digits."""

    def __init__(self, random, longest):
        self.random = random
        self.longest = "1" * longest
        self.numbers = ["0", "-1", "7.5", self.longest, "-0.00001", "9." + "9" * (longest - 1) + "E+125", "-1E-130", "12E3"]

    def item(self):
        names = self.random.sample(NAMES, self.random.randint(1, len(NAMES)))
        item = {name: self.value(0) for name in names}
        item["id"] = {"S": self.word() + "k"}
        item["number"] = {"N": self.random.choice(["0", "7.5", "-12", self.longest])}
        item["signed"] = {"S": self.word()}
        item["left"] = self.value(0)
        return item

    def value(self, depth):
        kinds = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS"] + (["L", "M"] if depth < 3 else [])
        kind = self.random.choice(kinds)
        several = range(self.random.randint(1, 4))
        return {
            kind: {
                "S": lambda: self.word(),
                "N": lambda: self.random.choice(self.numbers),
                "B": lambda: self.bytes(),
                "BOOL": lambda: self.random.random() < 0.5,
                "NULL": lambda: True,
                "SS": lambda: sorted({self.word() for _ in several}),
                "NS": lambda: self.random.sample(self.numbers, len(several)),
                "BS": lambda: list({self.bytes() for _ in several}),
                "L": lambda: [self.value(depth + 1) for _ in several],
                "M": lambda: {self.random.choice(NAMES): self.value(depth + 1) for _ in several},
            }[kind]()
        }

    def word(self):
        return "".join(self.random.choices("ab zé\uffee\U0001f511\n\"\\", k=self.random.randint(1, 12)))

    def bytes(self):
        return text(self.random.randbytes(self.random.randint(1, 12)))


def text(content):
    return base64.b64encode(content).decode()


def normal(item):
    """Sets in one order, numbers by value."""
    return {name: normal_value(value) for name, value in item.items()}


def normal_value(value):
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return (kind, Decimal(content))
        case "SS" | "BS":
            return (kind, sorted(content))
        case "NS":
            return (kind, sorted(map(Decimal, content)))
        case "L":
            return (kind, [normal_value(element) for element in content])
        case "M":
            return (kind, normal(content))
        case _:
            return (kind, content)
