# SPDX-License-Identifier: Apache-2.0
"""The shape of a study: which type stands at which key path."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from xling.config.source import KeyPath
from xling.config.study import Study


def plain(annotation: Any) -> Any:
    """Return a type without ``Annotated`` and without ``| None``."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if is_union(annotation):
        members = [plain(item) for item in get_args(annotation) if item is not types.NoneType]
        return members[0] if len(members) == 1 else Union[tuple(members)]  # noqa: UP007
    return annotation


def is_union(annotation: Any) -> bool:
    """Tell whether a type is a union, in either spelling."""
    return get_origin(annotation) in (Union, types.UnionType)


def is_model(annotation: Any) -> bool:
    """Tell whether a type is a part of a study with keys of its own."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def tag_of(annotation: Any) -> str:
    """Return the key by which the members of a union of models are told apart.

    It is the first that all of them need and that each has words of its own for.
    """
    members = [model.model_fields for model in get_args(annotation)]
    return next(
        name
        for name in members[0]
        if all(
            name in fields
            and fields[name].is_required()
            and get_origin(fields[name].annotation) is Literal
            for fields in members
        )
    )


def variants(annotation: Any) -> dict[str, type[BaseModel]]:
    """Return the members of a union of models by the values of the key that tells them apart."""
    tag = tag_of(annotation)
    return {
        word: model
        for model in get_args(annotation)
        for word in get_args(model.model_fields[tag].annotation)
    }


def type_at(path: KeyPath, values: Any) -> Any:
    """Return the type at a key path of the given values, a union as such."""
    annotation: Any = Study
    for part in path:
        annotation = chosen(annotation, values)
        if is_model(annotation):
            annotation = annotation.model_fields[part].annotation
        else:
            annotation = get_args(annotation)[-1]  # entries of a list, values of a map
        annotation, values = plain(annotation), values[part]
    return annotation


def chosen(annotation: Any, values: Any) -> Any:
    """Return the member of a union of models that the values say they are."""
    if not is_union(annotation):
        return annotation
    return variants(annotation)[values[tag_of(annotation)]]


def model_at(path: KeyPath, values: Any) -> type[BaseModel]:
    """Return the part of a study, a type with keys of its own, at a key path of the values."""
    annotation = type_at(path, values)
    for part in path:
        values = values[part]
    model: type[BaseModel] = chosen(annotation, values)
    return model
