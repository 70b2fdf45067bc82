#!/bin/bash
# timeout: 300
# The dashboard in a real browser: both themes, wide and narrow, by keyboard, and without any report.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

demo_state
serve
pages keyboard
pages look
stop

use_state empty
serve
pages empty
stop
done_testing
