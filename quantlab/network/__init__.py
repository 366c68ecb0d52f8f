"""ResNet-20, quantized layers, calibration and synthetic calibration images."""
