"""Holds answers against the client's own types: its models take whatever comes, so what they call
required is looked for here."""

import typing

import pydantic


def check(value, place):
    """Every field that the type requires is there, and every field has a value of its type."""
    if isinstance(value, pydantic.BaseModel):
        for name, field in type(value).model_fields.items():
            here = f"{place}.{name}"
            if not hasattr(value, name):
                raise AssertionError(f"{here} is missing")
            found = getattr(value, name)
            if field.is_required():
                assert name in value.model_fields_set, f"{here} is missing"
            if found is not None:
                fits(found, field.annotation, here)
            check(found, here)
    elif isinstance(value, dict):
        for name, item in value.items():
            check(item, f"{place}[{name}]")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            check(item, f"{place}[{index}]")


def fits(value, annotation, place):
    origin = typing.get_origin(annotation)
    options = [annotation]
    if origin is typing.Union:
        options = [it for it in typing.get_args(annotation) if it is not type(None)]
    plain = (str, int, float, bool)
    if all(it in plain for it in options):
        accepted = tuple(options) + ((int,) if float in options else ())
        is_flag = isinstance(value, bool) and bool not in options
        assert isinstance(value, accepted) and not is_flag, f"{place} is {value!r}"


def whole(answer):
    """The answer itself, checked."""
    check(answer, type(answer).__name__)
    return answer
