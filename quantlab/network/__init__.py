"""ResNet-20, quantized layers and calibration."""
