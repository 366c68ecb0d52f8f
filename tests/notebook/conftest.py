"""`desk` is imported by name from this folder, by tests and by kernels' scripts alike."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
