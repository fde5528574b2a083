"""Networks from ONNX files: an optional extra, `pip install aimcsim[onnx]`."""
