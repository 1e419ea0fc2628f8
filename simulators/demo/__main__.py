"""Run the demo."""

import sys

from simulators.demo.app import main

sys.exit(main())
