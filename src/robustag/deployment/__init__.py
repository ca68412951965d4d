"""Trained taggers in use: ONNX files that take physical inputs, and scores for the jets of an ntuple.

`export` needs onnx and `predict` needs onnxruntime; this package therefore imports nothing by itself.
"""
