"""`python -m sync_worker`."""

import sys

from sync_worker.runner import main

sys.exit(main())
