"""`python -m mrlc`."""

import sys

from mrlc.cli import main

sys.exit(main())
