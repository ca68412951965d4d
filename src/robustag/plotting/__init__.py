"""Figures of the study, drawn from result tables alone: no model, no tensor and no network library is needed.

A package holds each category of the report. Every family of figures is one module with two functions:
``*_table`` reduces the collected tables to the numbers that are shown, and ``draw_*`` draws exactly those
numbers. `style` is the look of all, `options` what they take from the configuration, and `store` writes each
figure with its table.
"""
