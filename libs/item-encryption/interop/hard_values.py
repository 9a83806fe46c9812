"""Values that are hard, by names that are."""

from random_items import text


def nested(depth):
    value = {"S": "deep"}
    for level in range(depth):
        value = {"L": [value]} if level % 2 else {"M": {"in": value}}
    return value


VALUES = {
    "text": {"S": "é \uffee \U0001f511 \n\"\\"},
    "no text": {"S": ""},
    "number": {"N": "-12345678901234567890.123456789012345678"},
    "largest": {"N": "9.9999999999999999999999999999999999999E+125"},
    "smallest": {"N": "-1E-130"},
    "zero": {"N": "-0.00"},
    "bytes": {"B": text(bytes(range(256)))},
    "no bytes": {"B": ""},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "null": {"NULL": True},
    "texts": {"SS": ["\uffee", "\U0001f511", "a", "", "\U00010000"]},
    "numbers": {"NS": ["10", "9", "-1", "1E+3", "0.10"]},
    "several bytes": {"BS": [text(b"\xff"), text(b"\x01"), text(b"\x80\x00"), ""]},
    "list": {"L": [{"S": "a"}, {"NULL": True}, {"L": []}, {"M": {}}]},
    "no list": {"L": []},
    "map": {"M": {"\uffee": {"N": "1"}, "\U0001f511": {"BS": [text(b"x")]}, "a.b": {"S": ""}}},
    "no map": {"M": {}},
    "deep": nested(31),
    "a.b": {"S": "dot"},
    "a[0]": {"S": "bracket"},
    "#name": {"S": "placeholder"},
    ":value": {"S": "colon"},
    "$": {"S": "root"},
    "'\"\\\t": {"S": "quoted"},
    "\U0001f511\uffee": {"S": "name"},
    "n" * 2000: {"S": "long"},
    "é" * 300: {"S": "long"},
    " ": {"S": "blank"},
}
