"""Answers for the one import contract that import-linter has no short form for: rooms private to each app."""

from grimp import ImportGraph
from importlinter import ContractCheck, fields
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.imports import ModuleExpression


class ProtectedInAppContract(ProtectedContract):
    """A `protected` contract for each app: the modules named are imported from inside that app alone.

    `protected` wants one contract per app and fails on a module that an app does not have yet; this lists both once.
    """

    type_name = "protected_in_app"

    apps = fields.ListField(subfield=fields.StringField())
    modules = fields.ListField(subfield=fields.StringField())
    protected_modules = fields.ListField(subfield=fields.ModuleExpressionField(), required=False)
    allowed_importers = fields.ListField(subfield=fields.ModuleExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Check each app in turn by the built-in contract, and add up what is illegal."""
        illegal = []
        for app in self.apps:
            present = [f"{app}.{module}" for module in self.modules if f"{app}.{module}" in graph.modules]
            self.protected_modules = [ModuleExpression(module) for module in present]
            self.allowed_importers = [ModuleExpression(app)]
            illegal += super().check(graph, verbose).metadata["illegal_imports"]
        return ContractCheck(kept=not illegal, metadata={"illegal_imports": illegal})
