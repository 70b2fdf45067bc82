#!/bin/bash
# timeout: 300
# The dashboard in a real browser: ways in, and every page's numbers, links, filters and files.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

demo_state
serve
pages login
pages overview
pages domain
pages chart
pages reports
stop
done_testing
