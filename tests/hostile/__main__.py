"""python -m tests.hostile --count 10000"""

import sys

from tests.hostile.run import main

sys.exit(main())
