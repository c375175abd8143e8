"""`python -m coggno`: the command line where the folder of the command `coggno` is not on the path."""

from __future__ import annotations

import sys

from coggno.cli import main

sys.exit(main())
