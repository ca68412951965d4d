"""Figures of the study, drawn from result tables alone: no model, no tensor and no network library is needed.

Every family of figures is one module with two functions: ``*_table`` reduces the collected tables to the
numbers that are shown, and ``draw_*`` draws exactly those numbers. The table is saved beside the figure.
"""
