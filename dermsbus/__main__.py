"""``python -m dermsbus``."""

import sys

from dermsbus.cli import main

if __name__ == "__main__":
    sys.exit(main())
