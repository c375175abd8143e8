"""The intermediate form becomes pieces of source for the templates, which hold no decisions."""

from __future__ import annotations

from codegen.view_models.decoders import DecodersModule, decoders_module
from codegen.view_models.models import ModelsModule, models_module
from codegen.view_models.operations import OperationsModule, operations_module

__all__ = [
    "DecodersModule",
    "ModelsModule",
    "OperationsModule",
    "decoders_module",
    "models_module",
    "operations_module",
]
