"""The networks: one module each, found by its name.

A module ``NAME.py`` here defines a function ``NAME(inputs, classes, *, options) -> nn.Module``; a model of
the configuration then says ``network: {name: NAME, ...}`` with those options. Nothing else lists them.
"""
