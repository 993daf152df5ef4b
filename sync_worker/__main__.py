"""`python -m sync_worker`."""

import sys

from sync_worker.program import main

sys.exit(main())
